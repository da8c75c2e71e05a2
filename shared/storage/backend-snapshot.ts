import { appliedKey, type AppliedState, decodeApplied } from './applied-state.ts';
import type { Level } from './level.ts';
import { rowsOf, scanBytes } from './load-backend.ts';
import { recordsOf } from './page.ts';
import { latin1, opened, pageKey, prefixed, unsealed } from './sealed-records.ts';
import { encodeChunks, type SnapshotRecord } from './snapshot-chunks.ts';

/** A consistent view of the backend, to be sent elsewhere. */
export interface BackendSnapshot {
  readonly applied: AppliedState;
  /** Chunks of about 256 KiB; see snapshot-chunks.ts. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Of what is no revision. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** The records of [low, high), ascending. */
  scan(low: Uint8Array, high: Uint8Array): AsyncIterable<SnapshotRecord>;
  getMeta(name: string): unknown;
  close(): Promise<void>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Of what is on the disk. */
export function snapshotOf(level: Level): BackendSnapshot {
  const snapshot = level.snapshot();
  const read = (key: Uint8Array): Uint8Array | undefined =>
    unsealed(key, level.getSync(key, { snapshot }));
  /** Nothing of what is sent elsewhere may be damaged: there it would be taken for good. */
  async function* rows(bounds: { gte?: Uint8Array; lt?: Uint8Array }) {
    const iterator = level.iterator({ ...bounds, snapshot, highWaterMarkBytes: scanBytes });
    try {
      for await (const [key, stored] of rowsOf(iterator)) {
        yield { key, stored, value: opened(key, stored) };
      }
    } finally {
      await iterator.close();
    }
  }
  async function* all(): AsyncGenerator<SnapshotRecord, void> {
    for await (const { key, stored } of rows({})) yield [key, stored];
  }
  const { applied } = decodeApplied(read(appliedKey));
  return {
    applied,
    chunks: () => encodeChunks(all()),
    async *scan(low, high) {
      for await (const { key, value } of rows({ gte: prefixed(low), lt: prefixed(high) })) {
        yield [key.subarray(1), value];
      }
      // The page before the first of these may hold the lowest.
      for await (const { value } of rows({ gte: pageKey(''), lt: pageKey(latin1(high)) })) {
        for (const record of recordsOf(value)) {
          if (Buffer.compare(record[0], low) >= 0 && Buffer.compare(record[0], high) < 0) {
            yield record;
          }
        }
      }
    },
    get: (key) => read(prefixed(key)),
    getMeta(name) {
      const value = read(encoder.encode(`m/${name}`));
      return value && (JSON.parse(decoder.decode(value)) as unknown);
    },
    close: () => snapshot.close(),
  };
}
