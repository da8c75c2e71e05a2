import type { RevisionReader } from './revision-reader.ts';

/**
 * Where revisions live. Synchronous: the host keeps writes it has not flushed yet in memory, over
 * the synchronous reads of its disk store, and flushes them together with the applied index.
 * Neither side changes a byte array it has handed over or received.
 */
export interface Backend {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Ascending over [low, high); nothing is written while the iteration runs. */
  scan(low: Uint8Array, high: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]>;
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /**
   * What a backend has had read to a `RevisionReader` while it was opened: all that it holds.
   * Undefined where it has changed since, or where this was taken before.
   */
  takeRevisions?(): RevisionReader | undefined;
}
