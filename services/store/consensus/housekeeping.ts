import type { NodeOptions } from './node-options.ts';
import type { MemberBackend } from './storage.ts';

/** So much is not left to the next time: handing it to the disk would hold up the loop. */
const flushBytes = 8 << 20;
const flushCount = 2000;

export interface HousekeepingParts
  extends Pick<
    NodeOptions,
    'storage' | 'clock' | 'log' | 'snapshotCount' | 'catchUpEntries' | 'backendFlushed'
  > {
  readonly backend: () => MemberBackend;
  /** The backend must be left alone: a snapshot takes its place, or the member stops. */
  readonly untouchable: () => boolean;
  readonly failed: (thrown: unknown) => void;
}

/** Puts the backend to disk now and then, and lets the log forget what the backend has durably. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #compaction: Promise<void> | undefined;
  #flushing = false;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  /** The compaction that is under way. */
  get compaction(): Promise<void> | undefined {
    return this.#compaction;
  }

  async flush(): Promise<void> {
    const { untouchable, backend, clock, backendFlushed, failed } = this.#parts;
    if (untouchable()) return;
    const startedMs = clock.monotonic();
    const dirty = backend().dirtyCount > 0;
    try {
      await backend().flush();
      if (dirty) backendFlushed?.(clock.monotonic() - startedMs);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /**
   * A member that is killed now must know the new configuration when it is back: it cannot ask who has left
   * with the old one for its vote.
   */
  reconfigured(): void {
    void this.flush();
  }

  /** After entries were applied. */
  applied(): void {
    const { dirtyBytes, dirtyCount } = this.#parts.backend();
    if (dirtyBytes > flushBytes || dirtyCount > flushCount) void this.#flushNow();
    this.#maybeCompact();
  }

  /** One is enough: whatever comes meanwhile is looked at after the next entries. */
  async #flushNow(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    await this.flush();
    this.#flushing = false;
  }

  /** What the backend has durably, the log may forget, but for what slow members still need. */
  #maybeCompact(): void {
    const { snapshotCount, catchUpEntries, storage, backend } = this.#parts;
    const { index } = backend().applied;
    if (this.#compaction) return;
    if (index - storage.log.compactedIndex() <= snapshotCount + catchUpEntries) return;
    this.#compaction = this.#compact(index - catchUpEntries).finally(() => {
      this.#compaction = undefined;
    });
  }

  async #compact(index: number): Promise<void> {
    const { untouchable, backend, storage, log, failed } = this.#parts;
    try {
      await backend().flush();
      if (untouchable()) return;
      await storage.log.compact(Math.min(index, backend().flushed.index));
      log.info({ index }, 'compacted the raft log');
    } catch (thrown) {
      failed(thrown);
    }
  }
}
