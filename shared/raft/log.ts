import { assert, must } from '#shared/base';
import type { Entry, LogReader, Snapshot } from './types.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * The log as raft sees it: the durable part behind `LogReader`, then the unstable entries in
 * memory. Invariants:
 *
 * 1. applied ≤ applying ≤ committed ≤ lastIndex, and applying ≤ durableIndex.
 * 2. Entries below `#offset` are durable and no write under way will change them.
 * 3. While a snapshot is unstable, it is the start of the log.
 */
export class RaftLog {
  readonly #storage: LogReader;
  readonly #writes = new WriteQueue();
  /** Index of the first unstable entry, also when there is none yet. */
  #offset: number;
  #unstable: Entry[] = [];
  #snapshot: Snapshot | undefined;
  #snapshotHandedOut = false;
  /** Entries up to here have been handed out to be written. */
  #handedOut: number;
  #committed: number;
  #applying: number;
  #applied: number;

  constructor(storage: LogReader, hardCommit: number, applied: number) {
    this.#storage = storage;
    const compacted = storage.compactedIndex();
    const last = storage.lastIndex();
    assert(applied >= compacted, `applied ${applied} is before the log's start ${compacted}`);
    // The host may sync what it applied sooner than the commit index that allowed it.
    this.#committed = Math.max(hardCommit, applied, compacted);
    assert(this.#committed <= last, `commit ${this.#committed} is beyond the log's end ${last}`);
    this.#offset = last + 1;
    this.#handedOut = last;
    this.#applying = applied;
    this.#applied = applied;
  }

  get committed(): number {
    return this.#committed;
  }

  get applied(): number {
    return this.#applied;
  }

  /** Index just before the first entry that can be read. */
  get compactedIndex(): number {
    return this.#snapshot?.metadata.index ?? this.#storage.compactedIndex();
  }

  get lastIndex(): number {
    return this.#offset + this.#unstable.length - 1;
  }

  get lastTerm(): number {
    return must(this.term(this.lastIndex), 'the term of the last entry is known');
  }

  /** What survives a crash now, and no write under way will take back. */
  get durableIndex(): number {
    return this.#offset - 1;
  }

  /** Undefined outside of the log; the term just before the first entry is still known. */
  term(index: number): number | undefined {
    if (index >= this.#offset) return this.#unstable[index - this.#offset]?.term;
    if (this.#snapshot === undefined) return this.#storage.term(index);
    return index === this.#snapshot.metadata.index ? this.#snapshot.metadata.term : undefined;
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Whether a log ending in (index, term) holds all that is committed here (thesis, 3.6.1). */
  isUpToDate(index: number, term: number): boolean {
    return term > this.lastTerm || (term === this.lastTerm && index >= this.lastIndex);
  }

  /** Entries in [low, high), at least one, and not more than `maxBytes` of data otherwise. */
  slice(low: number, high: number, maxBytes: number): readonly Entry[] {
    if (low >= high) return [];
    assert(low > this.compactedIndex, `entry ${low} is compacted`);
    assert(high <= this.lastIndex + 1, `entry ${high - 1} is beyond the end of the log`);
    const stableHigh = Math.min(high, this.#offset);
    const stable = low < stableHigh ? this.#storage.entries(low, stableHigh, maxBytes) : [];
    if (low < stableHigh && (stableHigh === high || stable.length < stableHigh - low)) {
      return stable;
    }
    let bytes = 0;
    for (const entry of stable) bytes += entry.data.length;
    const first = Math.max(low, this.#offset) - this.#offset;
    const end = high - this.#offset;
    let next = first;
    while (next < end) {
      bytes += this.#unstable[next]?.data.length ?? 0;
      if (bytes > maxBytes && next - first + stable.length > 0) break;
      next += 1;
    }
    const unstable = this.#unstable.slice(first, next);
    return stable.length === 0 ? unstable : stable.concat(unstable);
  }

  /** Appends entries that follow the log or replace its uncommitted end. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index > this.#committed, `entry ${first.index} would replace a committed one`);
    assert(first.index <= this.lastIndex + 1, `entry ${first.index} would leave a gap`);
    if (first.index <= this.lastIndex) this.#truncate(first.index);
    for (const entry of entries) this.#unstable.push(entry);
  }

  #truncate(from: number): void {
    if (from <= this.#offset) {
      this.#offset = from;
      this.#unstable = [];
    } else {
      this.#unstable.length = from - this.#offset;
    }
    this.#handedOut = Math.min(this.#handedOut, from - 1);
    this.#writes.discardFrom(from);
  }

  /**
   * A follower's append (thesis, figure 3.1): the last index now known to equal the leader's, or
   * undefined where the entry before is another one.
   */
  tryAppend(
    prevLogIndex: number,
    prevLogTerm: number,
    entries: readonly Entry[],
  ): number | undefined {
    if (!this.matches(prevLogIndex, prevLogTerm)) return undefined;
    // Only a conflict truncates: an old, short message must not cut off what came later.
    const fresh = entries.findIndex(({ index, term }) => !this.matches(index, term));
    if (fresh >= 0) this.append(fresh === 0 ? entries : entries.slice(fresh));
    return prevLogIndex + entries.length;
  }

  /**
   * The last index up to `index` whose term is at most `term`: where two logs that differ at
   * `index` can agree at best. One probe thus skips a whole term.
   */
  lastIndexWithin(index: number, term: number): { index: number; term: number } {
    let candidate = Math.min(index, this.lastIndex);
    for (; candidate > 0; candidate -= 1) {
      const termThere = this.term(candidate);
      if (termThere === undefined) return { index: candidate, term: 0 };
      if (termThere <= term) return { index: candidate, term: termThere };
    }
    return { index: 0, term: 0 };
  }

  commitTo(index: number): void {
    if (index <= this.#committed) return;
    assert(
      index <= this.lastIndex,
      `commit ${index} is beyond the end ${this.lastIndex}: data lost`,
    );
    this.#committed = index;
  }

  /** Replaces the whole log by a snapshot that is newer than anything committed here. */
  restore(snapshot: Snapshot): void {
    const { index } = snapshot.metadata;
    assert(index > this.#committed, `snapshot ${index} is older than commit ${this.#committed}`);
    this.#writes.discardFrom(0);
    this.#offset = index + 1;
    this.#unstable = [];
    this.#handedOut = index;
    this.#snapshot = snapshot;
    this.#snapshotHandedOut = false;
    this.#committed = index;
    this.#applying = index;
  }

  get hasUnwritten(): boolean {
    return this.#handedOut < this.lastIndex || (!!this.#snapshot && !this.#snapshotHandedOut);
  }

  /** Whether committed entries are waiting to be handed out. */
  get hasCommitted(): boolean {
    return this.#applying < Math.min(this.#committed, this.durableIndex);
  }

  get snapshotPending(): boolean {
    return this.#snapshot !== undefined;
  }

  /** What is to be written next. Each call is matched by one `finishWrite`, in the same order. */
  beginWrite(): { entries: readonly Entry[]; snapshot: Snapshot | undefined } {
    const entries = this.#unstable.slice(this.#handedOut + 1 - this.#offset);
    const snapshot = this.#snapshotHandedOut ? undefined : this.#snapshot;
    this.#handedOut = this.lastIndex;
    this.#snapshotHandedOut ||= snapshot !== undefined;
    this.#writes.begin(entries.at(-1)?.index ?? 0, snapshot);
    return { entries, snapshot };
  }

  /** The oldest write under way is durable. */
  finishWrite(): void {
    const { stableIndex, snapshot } = this.#writes.finish();
    if (snapshot !== undefined) {
      this.#applied = Math.max(this.#applied, snapshot.metadata.index);
      // A newer snapshot may have replaced it meanwhile.
      if (snapshot === this.#snapshot) this.#snapshot = undefined;
    }
    if (stableIndex < this.#offset) return;
    assert(stableIndex <= this.#handedOut, 'only what was handed out can have become durable');
    this.#unstable.splice(0, stableIndex + 1 - this.#offset);
    this.#offset = stableIndex + 1;
  }

  /** Committed and durable entries not handed out yet. */
  takeCommitted(maxBytes: number): readonly Entry[] {
    const high = Math.min(this.#committed, this.durableIndex) + 1;
    const entries = this.slice(this.#applying + 1, high, maxBytes);
    this.#applying += entries.length;
    assert(this.#applying < this.#offset, 'only durable entries are applied');
    return entries;
  }

  appliedTo(index: number): void {
    assert(index <= this.#applying, `entry ${index} was never handed out to be applied`);
    this.#applied = Math.max(this.#applied, index);
  }

  describe(): string {
    const snapshot = this.#snapshot ? ` snapshot=${this.#snapshot.metadata.index}` : '';
    return (
      `log (${this.compactedIndex}, ${this.lastIndex}] durable=${this.durableIndex}` +
      ` commit=${this.#committed} applied=${this.#applied}${snapshot} ${this.#writes.describe()}`
    );
  }
}
