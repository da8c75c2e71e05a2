import { crc32 } from 'node:zlib';
import { QuorateError } from '#shared/base';

export type SnapshotRecord = readonly [Uint8Array, Uint8Array];

/*
 * A chunk is the CRC-32 of what follows, then records: length of the key, length of the value
 * (32 bits each, big-endian), key, value. The last chunk holds no record but the number of all
 * records, so that a stream that was cut short is noticed.
 */
const chunkBytes = 256 << 10;
const crcBytes = 4;
const recordHeaderBytes = 8;
const endBytes = crcBytes + 4;

export async function* encodeChunks(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<Uint8Array, void> {
  let waiting: SnapshotRecord[] = [];
  let bytes = 0;
  let count = 0;
  for await (const record of records) {
    waiting.push(record);
    bytes += recordHeaderBytes + record[0].length + record[1].length;
    count++;
    if (bytes < chunkBytes) continue;
    yield encodeChunk(waiting, bytes);
    waiting = [];
    bytes = 0;
  }
  if (waiting.length > 0) yield encodeChunk(waiting, bytes);
  const end = Buffer.alloc(endBytes);
  end.writeUInt32BE(count, crcBytes);
  end.writeUInt32BE(crc32(end.subarray(crcBytes)), 0);
  yield end;
}

function encodeChunk(records: readonly SnapshotRecord[], bytes: number): Uint8Array {
  const chunk = Buffer.allocUnsafe(crcBytes + bytes);
  let at = crcBytes;
  for (const [key, value] of records) {
    chunk.writeUInt32BE(key.length, at);
    chunk.writeUInt32BE(value.length, at + 4);
    chunk.set(key, at + recordHeaderBytes);
    chunk.set(value, at + recordHeaderBytes + key.length);
    at += recordHeaderBytes + key.length + value.length;
  }
  chunk.writeUInt32BE(crc32(chunk.subarray(crcBytes)), 0);
  return chunk;
}

/** The records of a chunk, as copies, or the number of all of them where it is the last one. */
export function decodeChunk(bytes: Uint8Array): SnapshotRecord[] | number {
  const damaged = (): QuorateError => new QuorateError('data-loss', 'a snapshot chunk is damaged');
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (chunk.length < endBytes) throw damaged();
  if (chunk.readUInt32BE(0) !== crc32(chunk.subarray(crcBytes))) throw damaged();
  if (chunk.length === endBytes) return chunk.readUInt32BE(crcBytes);
  const records: SnapshotRecord[] = [];
  for (let at = crcBytes; at < chunk.length; ) {
    if (at + recordHeaderBytes > chunk.length) throw damaged();
    const keyEnd = at + recordHeaderBytes + chunk.readUInt32BE(at);
    const valueEnd = keyEnd + chunk.readUInt32BE(at + 4);
    if (valueEnd > chunk.length) throw damaged();
    const key = new Uint8Array(chunk.subarray(at + recordHeaderBytes, keyEnd));
    records.push([key, new Uint8Array(chunk.subarray(keyEnd, valueEnd))]);
    at = valueEnd;
  }
  return records;
}
