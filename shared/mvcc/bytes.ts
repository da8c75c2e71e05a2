export const noBytes = new Uint8Array(0);

/** Order of byte strings: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Writes a latin1 string, one byte a character; returns the offset after it. */
export function writeLatin1(bytes: Uint8Array, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}

/** Small enough for an argument list on any stack. */
const decodeChunk = 4096;

export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > decodeChunk) {
    const middle = start + decodeChunk;
    return readLatin1(bytes, start, middle) + readLatin1(bytes, middle, end);
  }
  // oxlint-disable-next-line unicorn/no-new-array -- twice as fast as pushing
  const codes = new Array<number>(end - start);
  for (let i = start; i < end; i++) codes[i - start] = bytes[i] as number;
  return String.fromCharCode(...codes);
}

/**
 * The same string in one piece. Engines keep a concatenation as its parts, and comparing such
 * strings takes far longer: worth a copy for one that stays.
 */
export function flatLatin1(text: string): string {
  if (text.length > decodeChunk) return text;
  // oxlint-disable-next-line unicorn/no-new-array -- twice as fast as pushing
  const codes = new Array<number>(text.length);
  for (let i = 0; i < text.length; i++) codes[i] = text.charCodeAt(i);
  return String.fromCharCode(...codes);
}

/** Bytes that `writeVarint` uses for `value`, an integer in [0, 2^53). */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** LEB128, as protobuf has it. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/** Reads numbers one after the other. */
export class ByteReader {
  readonly bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  byte(): number {
    return this.bytes[this.offset++] as number;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  int64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.#uint32()) << 32n) | BigInt(this.#uint32()));
  }

  latin1(length: number): string {
    const start = this.offset;
    this.offset += length;
    return readLatin1(this.bytes, start, this.offset);
  }

  #uint32(): number {
    const at = this.offset;
    this.offset += 4;
    return readUint32(this.bytes, at);
  }
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Big-endian, so that byte order is number order; `value` is an integer in [0, 2^53). */
export function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  writeUint32(bytes, at, Math.floor(value / 0x1_0000_0000));
  writeUint32(bytes, at + 4, value % 0x1_0000_0000);
}

export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 4);
}

export function writeInt64(bytes: Uint8Array, at: number, value: bigint): number {
  const unsigned = BigInt.asUintN(64, value);
  writeUint32(bytes, at, Number(unsigned >> 32n));
  writeUint32(bytes, at + 4, Number(unsigned & 0xffff_ffffn));
  return at + 8;
}
