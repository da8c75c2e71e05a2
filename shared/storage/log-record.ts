import { crc32 } from 'node:zlib';
import type { Entry, HardState } from '#shared/raft';

/*
 * How the raft log lies in LevelDB. Integers are big-endian; every value starts with the CRC-32
 * (the zlib one) of its key and of the rest of the value, because LevelDB 1.20 as bundled does not
 * verify its own checksums on reads, and skips a damaged log record in silence.
 */
const entryPrefix = 0x65; // 'e'
const entryHeaderBytes = 13;
const entryTypes: readonly Entry['type'][] = ['normal', 'conf-change'];

function writeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value >>> 0);
}

function readInteger(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function entryKey(index: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = entryPrefix;
  writeInteger(viewOf(key), 1, index);
  return key;
}

export function entryIndex(key: Uint8Array): number {
  return readInteger(viewOf(key), 1);
}

export function encodeEntry(key: Uint8Array, entry: Entry): Uint8Array {
  const value = new Uint8Array(entryHeaderBytes + entry.data.length);
  const view = viewOf(value);
  writeInteger(view, 4, entry.term);
  value[12] = entryTypes.indexOf(entry.type);
  value.set(entry.data, entryHeaderBytes);
  view.setUint32(0, crc32(value.subarray(4), crc32(key)));
  return value;
}

/** Undefined where the checksum does not hold. `data` is a view of `value`. */
export function decodeEntry(key: Uint8Array, value: Uint8Array): Entry | undefined {
  if (value.length < entryHeaderBytes) return undefined;
  const view = viewOf(value);
  if (view.getUint32(0) !== crc32(value.subarray(4), crc32(key))) return undefined;
  const type = entryTypes[value[12] as number];
  if (type === undefined) return undefined;
  return {
    term: readInteger(view, 4),
    index: entryIndex(key),
    type,
    data: value.subarray(entryHeaderBytes),
  };
}

/** What is written with every batch of entries, in the same batch. */
export interface LogState {
  readonly hardState: HardState;
  /** Last entry of the log: what lies beyond it was never acknowledged. */
  readonly lastIndex: number;
}

/** Where the log starts: the compaction or snapshot point, and the backend that covers it. */
export interface LogStart {
  readonly index: number;
  readonly term: number;
  /** Number of the backend's folder; a snapshot install moves on to a fresh one. */
  readonly backend: number;
}

export const stateKey: Uint8Array = new TextEncoder().encode('s/state');
export const startKey: Uint8Array = new TextEncoder().encode('s/start');

function encodeIntegers(key: Uint8Array, integers: readonly number[]): Uint8Array {
  const value = new Uint8Array(4 + 8 * integers.length);
  const view = viewOf(value);
  integers.forEach((integer, i) => writeInteger(view, 4 + 8 * i, integer));
  view.setUint32(0, crc32(value.subarray(4), crc32(key)));
  return value;
}

function decodeIntegers(key: Uint8Array, value: Uint8Array): number[] | undefined {
  if (value.length < 4 || (value.length - 4) % 8 !== 0) return undefined;
  const view = viewOf(value);
  if (view.getUint32(0) !== crc32(value.subarray(4), crc32(key))) return undefined;
  return Array.from({ length: (value.length - 4) / 8 }, (_, i) => readInteger(view, 4 + 8 * i));
}

export function encodeState({ hardState, lastIndex }: LogState): Uint8Array {
  const { term, vote, commit } = hardState;
  return encodeIntegers(stateKey, [term, vote, commit, lastIndex]);
}

export function decodeState(value: Uint8Array): LogState | undefined {
  const integers = decodeIntegers(stateKey, value);
  if (integers?.length !== 4) return undefined;
  const [term, vote, commit, lastIndex] = integers as [number, number, number, number];
  return { hardState: { term, vote, commit }, lastIndex };
}

export function encodeStart({ index, term, backend }: LogStart): Uint8Array {
  return encodeIntegers(startKey, [index, term, backend]);
}

export function decodeStart(value: Uint8Array): LogStart | undefined {
  const integers = decodeIntegers(startKey, value);
  if (integers?.length !== 3) return undefined;
  const [index, term, backend] = integers as [number, number, number];
  return { index, term, backend };
}
