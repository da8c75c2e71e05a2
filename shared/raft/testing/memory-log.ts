import { assert, must } from '#shared/base';
import type { ConfState, Entry, HardState, LogReader, Ready, Snapshot } from '../types.ts';

/**
 * A log in memory with the semantics a durable one must have. Only for tests. The first members
 * start with the same snapshot at index 1 that holds their configuration; one that joins, with
 * nothing.
 */
export class MemoryLog implements LogReader {
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  confState: ConfState;
  #snapshot: Snapshot | undefined;
  #compacted = { index: 0, term: 0 };
  #entries: Entry[] = [];
  /** Lets a test say that no snapshot is ready. */
  snapshotReady = true;

  constructor(confState: ConfState) {
    this.confState = confState;
    if (confState.voters.length === 0) return;
    this.#compacted = { index: 1, term: 1 };
    this.#snapshot = {
      metadata: { index: 1, term: 1, confState },
      data: new Uint8Array([0, 0, 0, 1]),
    };
    this.hardState = { term: 1, vote: 0, commit: 1 };
  }

  initialState(): { hardState: HardState; confState: ConfState } {
    return { hardState: this.hardState, confState: this.confState };
  }

  compactedIndex(): number {
    return this.#compacted.index;
  }

  lastIndex(): number {
    return this.#compacted.index + this.#entries.length;
  }

  term(index: number): number | undefined {
    if (index === this.#compacted.index) return this.#compacted.term;
    return this.#entries[index - this.#compacted.index - 1]?.term;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    assert(low > this.#compacted.index && high <= this.lastIndex() + 1, 'entries out of range');
    const first = low - this.#compacted.index - 1;
    const end = high - this.#compacted.index - 1;
    let bytes = 0;
    let next = first;
    while (next < end) {
      bytes += this.#entries[next]?.data.length ?? 0;
      if (bytes > maxBytes && next > first) break;
      next += 1;
    }
    return this.#entries.slice(first, next);
  }

  snapshot(): Snapshot | undefined {
    return this.snapshotReady ? this.#snapshot : undefined;
  }

  /** What a host does with a Ready: hard state, snapshot and entries in one write. */
  write({ hardState, snapshot, entries }: Ready): void {
    if (snapshot !== undefined) {
      const { index, term, confState } = snapshot.metadata;
      assert(index >= this.#compacted.index, 'a snapshot does not bring entries back');
      this.#snapshot = snapshot;
      this.#compacted = { index, term };
      this.#entries = [];
      this.confState = confState;
    }
    const first = entries[0]?.index;
    if (first !== undefined) {
      assert(first > this.#compacted.index && first <= this.lastIndex() + 1, 'a gap in the log');
      this.#entries.length = first - this.#compacted.index - 1;
      for (const entry of entries) this.#entries.push(entry);
    }
    if (hardState !== undefined) {
      assert(hardState.commit <= this.lastIndex(), 'a commit index beyond the end of the log');
      this.hardState = hardState;
    }
  }

  /** The state machine at `index` may now be sent to others. */
  createSnapshot(index: number, confState: ConfState, data: Uint8Array): void {
    const term = must(this.term(index), 'a snapshot is taken of what the log holds');
    this.#snapshot = { metadata: { index, term, confState }, data };
  }

  compact(index: number): void {
    if (index <= this.#compacted.index) return;
    const term = must(this.term(index), 'only existing entries are compacted');
    assert(index <= (this.#snapshot?.metadata.index ?? 0), 'what is compacted is in a snapshot');
    this.#entries = this.#entries.slice(index - this.#compacted.index);
    this.#compacted = { index, term };
  }
}
