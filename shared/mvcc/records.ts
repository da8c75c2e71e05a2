import { assert } from '#shared/base';
import type { Arena } from './arena.ts';
import {
  ByteReader,
  noBytes,
  readUint64,
  varintLength,
  writeInt64,
  writeLatin1,
  writeUint64,
  writeVarint,
} from './bytes.ts';
import type { Key, KeyValue, LeaseId } from './types.ts';

/*
 * What stands in the backend:
 *
 *   'r' main:8 sub:8       -> 1 flags create version [lease:8] keyLength key value
 *   'r' main:8 sub:8 't'   -> 1 key                     a tombstone
 *   'l' id:8               -> 1 ttl remaining
 *   'm' name               -> revision
 *
 * Fixed-width numbers are big-endian, the others varints. The first byte of a record is its
 * format's version.
 */
const recordVersion = 1;
const flagLease = 1;
const revisionSpace = 0x72;
const leaseSpace = 0x6c;
const metaSpace = 0x6d;
const tombstoneMark = 0x74;
const revisionKeyLength = 17;

export const noLease: LeaseId = 0n;

/** Where a record stands: a change's revision, its place within it, and whether it deletes. */
export interface RecordId {
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
}

/** Orders as the changes were made. */
export function revisionKey(main: number, sub: number, tombstone: boolean): Uint8Array {
  const bytes = new Uint8Array(tombstone ? revisionKeyLength + 1 : revisionKeyLength);
  bytes[0] = revisionSpace;
  writeUint64(bytes, 1, main);
  writeUint64(bytes, 9, sub);
  if (tombstone) bytes[revisionKeyLength] = tombstoneMark;
  return bytes;
}

export function isRevisionKey(bytes: Uint8Array): boolean {
  return bytes[0] === revisionSpace;
}

export function decodeRevisionKey(bytes: Uint8Array): RecordId {
  assert(bytes[0] === revisionSpace, 'not a revision record');
  return {
    main: readUint64(bytes, 1),
    sub: readUint64(bytes, 9),
    tombstone: bytes.length > revisionKeyLength,
  };
}

/** Encodes `kv`; the value in the answer is a view of the record, so that its bytes exist once. */
export function encodeRecord(arena: Arena, kv: KeyValue): { record: Uint8Array; kv: KeyValue } {
  const { key, value, createRevision, modRevision, version, lease } = kv;
  const hasLease = lease !== noLease;
  const head =
    2 +
    varintLength(createRevision) +
    varintLength(version) +
    (hasLease ? 8 : 0) +
    varintLength(key.length) +
    key.length;
  const record = arena.take(head + value.length);
  record[0] = recordVersion;
  record[1] = hasLease ? flagLease : 0;
  let at = writeVarint(record, 2, createRevision);
  at = writeVarint(record, at, version);
  if (hasLease) at = writeInt64(record, at, lease);
  at = writeVarint(record, at, key.length);
  at = writeLatin1(record, at, key);
  assert(at === head, 'a record has the length computed for it');
  record.set(value, at);
  const kept = record.subarray(head);
  return { record, kv: { key, value: kept, createRevision, modRevision, version, lease } };
}

export function encodeTombstone(arena: Arena, key: Key): Uint8Array {
  const record = arena.take(1 + key.length);
  record[0] = recordVersion;
  writeLatin1(record, 1, key);
  return record;
}

/** The KeyValue of a record that is not a tombstone; its value is a view of the record. */
export function decodeRecord(record: Uint8Array, main: number): KeyValue {
  return decode(record, main, true);
}

/** As `decodeRecord`, with an empty value. */
export function decodeRecordHead(record: Uint8Array, main: number): KeyValue {
  return decode(record, main, false);
}

function decode(record: Uint8Array, modRevision: number, withValue: boolean): KeyValue {
  const reader = openRecord(record);
  const flags = reader.byte();
  const createRevision = reader.varint();
  const version = reader.varint();
  const lease = (flags & flagLease) === 0 ? noLease : reader.int64();
  const key = reader.latin1(reader.varint());
  const value = withValue ? record.subarray(reader.offset) : noBytes;
  return { key, value, createRevision, modRevision, version, lease };
}

export function decodeTombstone(record: Uint8Array): Key {
  return openRecord(record).latin1(record.length - 1);
}

function openRecord(record: Uint8Array): ByteReader {
  const reader = new ByteReader(record);
  const version = reader.byte();
  assert(version === recordVersion, `record of unknown format ${version}`);
  return reader;
}

/** Bounds of a scan over records of revisions in [from, to]. */
export function revisionBounds(from: number, to: number): readonly [Uint8Array, Uint8Array] {
  return [revisionKey(from, 0, false), revisionKey(to + 1, 0, false)];
}

export const allRevisions = spaceBounds(revisionSpace);
export const allLeases = spaceBounds(leaseSpace);

function spaceBounds(space: number): readonly [Uint8Array, Uint8Array] {
  return [Uint8Array.of(space), Uint8Array.of(space + 1)];
}

/** Persisted numbers: the compaction wanted, and the last one whose deleting is complete. */
export type MetaName = 'compact' | 'compact-done';

export function metaKey(name: MetaName): Uint8Array {
  const bytes = new Uint8Array(1 + name.length);
  bytes[0] = metaSpace;
  writeLatin1(bytes, 1, name);
  return bytes;
}

export function encodeMeta(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeUint64(bytes, 0, value);
  return bytes;
}

export function decodeMeta(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : readUint64(bytes, 0);
}

export function leaseKey(id: LeaseId): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = leaseSpace;
  writeInt64(bytes, 1, id);
  return bytes;
}

export function decodeLeaseKey(bytes: Uint8Array): LeaseId {
  return new ByteReader(bytes, 1).int64();
}

/** `remainingSeconds` is the last checkpoint, 0 where there is none. */
export function encodeLease(ttlSeconds: number, remainingSeconds: number): Uint8Array {
  const bytes = new Uint8Array(1 + varintLength(ttlSeconds) + varintLength(remainingSeconds));
  bytes[0] = recordVersion;
  writeVarint(bytes, writeVarint(bytes, 1, ttlSeconds), remainingSeconds);
  return bytes;
}

export function decodeLease(record: Uint8Array): { ttlSeconds: number; remainingSeconds: number } {
  const reader = openRecord(record);
  return { ttlSeconds: reader.varint(), remainingSeconds: reader.varint() };
}
