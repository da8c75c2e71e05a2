import { appliedKey, type AppliedState, decodeApplied, type RowsCheck } from './applied-state.ts';
import type { Level } from './level.ts';
import { compareRows, rowsOf, scanBytes } from './load-backend.ts';
import { recordsOf } from './page.ts';
import { latin1, opened, pageKey, prefixed, sealOf, unsealed } from './sealed-records.ts';
import { digestWith } from './seals.ts';
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

export interface SnapshotParts {
  readonly level: Level;
  /** What the rows on the disk come to by the seals in memory. */
  readonly check: RowsCheck;
  /** The error of a row that is not the one that was written last, or is not there. */
  readonly damaged: (thrown: unknown) => Error;
}

/**
 * Of what is on the disk. Nothing of what is sent elsewhere may be damaged, or older than what was written last: there
 * it would be taken for good. So all rows are looked at before the first scan, and before the end of `chunks`.
 */
export function snapshotOf({ level, check, damaged }: SnapshotParts): BackendSnapshot {
  const snapshot = level.snapshot();
  const read = (key: Uint8Array): Uint8Array | undefined => {
    try {
      return unsealed(key, level.getSync(key, { snapshot }));
    } catch (thrown) {
      throw damaged(thrown);
    }
  };
  async function* rows(bounds: { gte?: Uint8Array; lt?: Uint8Array }) {
    try {
      const iterator = level.iterator({ ...bounds, snapshot, highWaterMarkBytes: scanBytes });
      try {
        for await (const [key, stored] of rowsOf(iterator)) {
          yield { key, stored, value: opened(key, stored) };
        }
      } finally {
        await iterator.close();
      }
    } catch (thrown) {
      throw damaged(thrown);
    }
  }
  async function* all(): AsyncGenerator<SnapshotRecord, void> {
    let [count, digest] = [0, 0];
    for await (const { key, stored } of rows({})) {
      if (Buffer.compare(key, appliedKey) !== 0) {
        count++;
        digest = digestWith(digest, sealOf(stored));
      }
      yield [key, stored];
    }
    try {
      compareRows({ count, digest }, check);
    } catch (thrown) {
      throw damaged(thrown);
    }
  }
  let looked: Promise<void> | undefined;
  const lookAtAll = async (): Promise<void> => {
    for await (const row of all()) void row;
  };
  const { applied } = decodeApplied(read(appliedKey));
  return {
    applied,
    chunks: () => encodeChunks(all()),
    async *scan(low, high) {
      await (looked ??= lookAtAll());
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
