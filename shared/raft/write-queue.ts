import { must } from '#shared/base';
import type { Snapshot } from './types.ts';

interface PendingWrite {
  /** The log up to here will be durable for good once this write is; 0 where that is not so. */
  stableIndex: number;
  readonly snapshot: Snapshot | undefined;
}

/**
 * Writes under way, oldest first. The log may be cut while a write of its old end is still under
 * way, and even be grown again to the very same entries (A, B, A). The second A is durable only
 * when its own write is, because the write of B will cut the first one off; so a cut takes back
 * what every older write promises.
 */
export class WriteQueue {
  readonly #writes: PendingWrite[] = [];

  begin(stableIndex: number, snapshot: Snapshot | undefined): void {
    this.#writes.push({ stableIndex, snapshot });
  }

  finish(): PendingWrite {
    return must(this.#writes.shift(), 'a write can end only once');
  }

  /** Entries from `index` on have been replaced. */
  discardFrom(index: number): void {
    for (const write of this.#writes) {
      write.stableIndex = Math.min(write.stableIndex, Math.max(index - 1, 0));
    }
  }

  describe(): string {
    return `writes=[${this.#writes.map(({ stableIndex }) => stableIndex).join(' ')}]`;
  }
}
