import { crc32 } from 'node:zlib';

/* A record of the backend as it lies on disk: what it holds, and by what that is known again. */

const crcBytes = 4;
/** Of a row that is one record's, and of one that is a page's. */
const recordPrefix = 0x6b; // 'k'
const pagePrefix = 0x6c; // 'l'

/** A value as it lies on disk: with its seal before it, the CRC-32 of its key and itself. */
export function sealed(key: Uint8Array, value: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(crcBytes + value.length);
  bytes.set(value, crcBytes);
  bytes.writeUInt32BE(crc32(value, crc32(key)), 0);
  return bytes;
}

/** The value that was sealed; throws where these are not its bytes. */
export function opened(key: Uint8Array, stored: Uint8Array | undefined): Uint8Array {
  if (stored === undefined || stored.length < crcBytes) throw new Error('a record is missing');
  const value = stored.subarray(crcBytes);
  if (sealOf(stored) !== (crc32(value, crc32(key)) | 0))
    throw new Error('a record is not what was written');
  return value;
}

/** As a signed integer, which a map holds without an object. */
export function sealOf(stored: Uint8Array): number {
  const [a, b, c] = [stored[0] as number, stored[1] as number, stored[2] as number];
  return (a << 24) | (b << 16) | (c << 8) | (stored[3] as number);
}

/** As `opened`, for what need not be there. */
export function unsealed(key: Uint8Array, stored: Uint8Array | undefined): Uint8Array | undefined {
  return stored && opened(key, stored);
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function prefixed(key: Uint8Array): Uint8Array {
  const result = new Uint8Array(key.length + 1);
  result[0] = recordPrefix;
  result.set(key, 1);
  return result;
}

/** Where the page of this name lies. */
export function pageKey(name: string): Uint8Array {
  const key = Buffer.allocUnsafe(name.length + 1);
  key[0] = pagePrefix;
  key.write(name, 1, 'latin1');
  return key;
}

export function isPageKey(key: Uint8Array): boolean {
  return key[0] === pagePrefix;
}

export function isRecordKey(key: Uint8Array): boolean {
  return key[0] === recordPrefix;
}
