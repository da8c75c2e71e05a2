import { crc32 } from 'node:zlib';
import type { Entry, HardState } from '#shared/raft';

/*
 * One write of the raft log. Integers are big-endian. A header of 64 bytes:
 *
 *    0 magic   4 bytes of records   8 number of the batch   16 term   24 vote   32 commit
 *   40 segment   44 offset in it   48 zero parts   52 newest segment   56 nothing   60 CRC-32 of what is before it
 *
 * then records, each of a header of 28 bytes and data; batches begin at multiples of 8:
 *
 *    0 CRC-32 of what follows   4 kind   8 bytes of data   12 index   20 term   28 data
 *
 * Segments are zeros before they are written, and a disk writes its sectors wholly or not at all. So
 * a write that a crash has torn shows sectors of zeros which its data did not have ("zero parts": the
 * batch's own share of a sector). Damage shows anything else.
 */
export const batchAlignment = 8;
const magic = 0x51_52_4c_42; // 'QRLB'
const batchHeaderBytes = 64;
const recordHeaderBytes = 28;
const sectorBytes = 512;

/** Where the log starts: the compaction or snapshot point, and the backend that covers it. */
export interface LogStart {
  readonly index: number;
  readonly term: number;
  /** Number of the backend's folder; a snapshot install moves on to a fresh one. */
  readonly backend: number;
}

export interface Batch {
  readonly hardState: HardState;
  /** `reset`: nothing of the older log counts any more, on either side of it. */
  readonly start?: (LogStart & { readonly reset: boolean }) | undefined;
  readonly entries: readonly Entry[];
  /** The newest file of the log when it was written, as far as that is on the disk for certain. */
  readonly newestSegment?: number;
}

/** Where a batch is, and which one: part of what its checksum covers. */
export interface BatchPlace {
  readonly segment: number;
  readonly offset: number;
  readonly number: number;
}

const kinds = ['', 'normal', 'conf-change', 'start', 'reset'] as const;
const startDataBytes = 8;

export function recordBytes(entry: Entry): number {
  return recordHeaderBytes + entry.data.length;
}

export function batchBytes({ start, entries }: Batch): number {
  let bytes = batchHeaderBytes + (start ? recordHeaderBytes + startDataBytes : 0);
  for (const entry of entries) bytes += recordBytes(entry);
  return aligned(bytes);
}

/** Of each entry, within the batch. */
export function recordOffsets({ start, entries }: Batch): number[] {
  let at = batchHeaderBytes + (start ? recordHeaderBytes + startDataBytes : 0);
  return entries.map((entry) => {
    const offset = at;
    at += recordBytes(entry);
    return offset;
  });
}

const aligned = (bytes: number): number => Math.ceil(bytes / batchAlignment) * batchAlignment;

/** Writes the batch to the beginning of `target`, which has room for it. */
export function encodeBatch(target: Buffer, batch: Batch, place: BatchPlace): Buffer {
  const bytes = target.subarray(0, batchBytes(batch));
  let at = batchHeaderBytes;
  if (batch.start) {
    const { index, term, backend, reset } = batch.start;
    writeInteger(bytes, at + recordHeaderBytes, backend);
    at = writeRecordHeader(bytes, at, reset ? 'reset' : 'start', startDataBytes, index, term);
  }
  for (const { type, index, term, data } of batch.entries) {
    bytes.set(data, at + recordHeaderBytes);
    at = writeRecordHeader(bytes, at, type, data.length, index, term);
  }
  bytes.fill(0, at);
  const { term, vote, commit } = batch.hardState;
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt32BE(at - batchHeaderBytes, 4);
  writeInteger(bytes, 8, place.number);
  writeInteger(bytes, 16, term);
  writeInteger(bytes, 24, vote);
  writeInteger(bytes, 32, commit);
  bytes.writeUInt32BE(place.segment, 40);
  bytes.writeUInt32BE(place.offset, 44);
  bytes.writeUInt32BE(zeroParts(bytes, 0, at, place.offset), 48);
  bytes.writeUInt32BE(batch.newestSegment ?? 0, 52);
  bytes.writeUInt32BE(0, 56);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

function writeRecordHeader(
  bytes: Buffer,
  at: number,
  kind: (typeof kinds)[number],
  length: number,
  index: number,
  term: number,
): number {
  bytes.writeUInt32BE(kinds.indexOf(kind), at + 4);
  bytes.writeUInt32BE(length, at + 8);
  writeInteger(bytes, at + 12, index);
  writeInteger(bytes, at + 20, term);
  const end = at + recordHeaderBytes + length;
  bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), at);
  return end;
}

function writeInteger(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

const readInteger = (bytes: Buffer, at: number): number =>
  bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);

/** Shares of sectors, of bytes `from` to `end`, that are all zero; `base`: where byte 0 lies on the disk. */
function zeroParts(bytes: Buffer, from: number, end: number, base: number): number {
  let count = 0;
  for (let at = from; at < end; ) {
    const partEnd = Math.min(end, at + sectorBytes - ((base + at) % sectorBytes));
    if (isZero(bytes, at, partEnd)) count++;
    at = partEnd;
  }
  return count;
}

export function isZero(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** What is found where a batch may begin. */
export type Found =
  | { readonly what: 'batch'; readonly batch: Batch; readonly end: number }
  /** Zeros, up to the end of the segment. */
  | { readonly what: 'nothing' }
  /** A write that a crash has cut short. */
  | { readonly what: 'torn' }
  | { readonly what: 'damage'; readonly text: string };

/** Looks at `place` in the image of a whole segment. The entries' data are views of it. */
export function readBatch(image: Buffer, place: BatchPlace): Found {
  const { offset, number } = place;
  if (isZero(image, offset, image.length)) return { what: 'nothing' };
  const headerEnd = Math.min(offset + batchHeaderBytes, image.length);
  if (!isHeader(image, place.segment, offset)) {
    if (zeroParts(image, offset, headerEnd, 0) > 0) return { what: 'torn' };
    return { what: 'damage', text: 'the header of a write has a wrong checksum' };
  }
  const found = readInteger(image, offset + 8);
  if (found !== number) {
    return { what: 'damage', text: `write ${number} is missing: write ${found} is in its place` };
  }
  const end = headerEnd + image.readUInt32BE(offset + 4);
  const batch = end <= image.length ? readRecords(image, headerEnd, end, offset) : undefined;
  if (batch) return { what: 'batch', batch, end: aligned(end) };
  const written = Math.min(end, image.length);
  if (zeroParts(image, offset, written, 0) > image.readUInt32BE(offset + 48)) {
    return { what: 'torn' };
  }
  return { what: 'damage', text: `write ${number} has a wrong checksum` };
}

/** Where a later write than `number` begins, after `from`; undefined: there is none. */
export function findLaterBatch(
  image: Buffer,
  segment: number,
  from: number,
  number: number,
): number | undefined {
  for (let at = from; at + batchHeaderBytes <= image.length; at += batchAlignment) {
    if (image.readUInt32BE(at) !== magic || !isHeader(image, segment, at)) continue;
    if (readInteger(image, at + 8) > number) return at;
  }
  return undefined;
}

function isHeader(image: Buffer, segment: number, offset: number): boolean {
  if (offset + batchHeaderBytes > image.length) return false;
  return (
    image.readUInt32BE(offset) === magic &&
    image.readUInt32BE(offset + 40) === segment &&
    image.readUInt32BE(offset + 44) === offset &&
    image.readUInt32BE(offset + 60) === crc32(image.subarray(offset, offset + 60))
  );
}

function readRecords(image: Buffer, from: number, end: number, header: number): Batch | undefined {
  const hardState = {
    term: readInteger(image, header + 16),
    vote: readInteger(image, header + 24),
    commit: readInteger(image, header + 32),
  };
  const entries: Entry[] = [];
  let start: Batch['start'];
  for (let at = from; at < end; ) {
    const record = readRecord(image, at, end);
    if (!record) return undefined;
    const { kind, index, term, data } = record;
    if (kind === 'start' || kind === 'reset') {
      if (data.length !== startDataBytes) return undefined;
      start = { index, term, backend: readInteger(data, 0), reset: kind === 'reset' };
    } else {
      entries.push({ index, term, type: kind, data });
    }
    at += recordHeaderBytes + data.length;
  }
  return { hardState, start, entries, newestSegment: image.readUInt32BE(header + 52) };
}

interface LogRecord {
  readonly kind: 'normal' | 'conf-change' | 'start' | 'reset';
  readonly index: number;
  readonly term: number;
  readonly data: Buffer;
}

/** Undefined where the checksum does not hold, or less than a record is there. */
export function readRecord(bytes: Buffer, at: number, end: number): LogRecord | undefined {
  if (at + recordHeaderBytes > end) return undefined;
  const kind = kinds[bytes.readUInt32BE(at + 4)];
  const dataEnd = at + recordHeaderBytes + bytes.readUInt32BE(at + 8);
  if (!kind || dataEnd > end) return undefined;
  if (bytes.readUInt32BE(at) !== crc32(bytes.subarray(at + 4, dataEnd))) return undefined;
  return {
    kind,
    index: readInteger(bytes, at + 12),
    term: readInteger(bytes, at + 20),
    data: bytes.subarray(at + recordHeaderBytes, dataEnd),
  };
}

/** Of the record at `at`, header and all, as far as its header can be believed. */
export function recordLength(bytes: Buffer, at: number): number {
  return recordHeaderBytes + bytes.readUInt32BE(at + 8);
}
