import { assert } from '#shared/base';
import type { Entry } from '#shared/raft';

/** How much of the log is kept in memory: at least the newest entry, whatever its size. */
export interface TailSizes {
  /** Of entry data. */
  readonly bytes: number;
  /** Entries of what is committed, and at most twice as many: for followers that are a little behind. */
  readonly committed: number;
}

/** With more, what is kept grows old, and costs the garbage collector more than a follower that lags costs the disk. */
const usualSizes: TailSizes = { bytes: 2 << 20, committed: 256 };
/** Counted for an entry beside its data. */
const entryOverheadBytes = 100;

interface TermRun {
  readonly term: number;
  readonly first: number;
}

/** What is known in memory about the log: the terms of all of it, the entries of its newest part. */
export class LogTail {
  readonly #sizes: TailSizes;
  #lastIndex: number;
  /** One per change of term, ascending. */
  #runs: TermRun[] = [];
  #cached: Entry[] = [];
  #cachedBytes = 0;

  constructor(compactedIndex: number, sizes = usualSizes) {
    this.#sizes = sizes;
    this.#lastIndex = compactedIndex;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Of an index that is in the log; the caller knows where it starts. */
  term(index: number): number | undefined {
    if (index > this.#lastIndex) return undefined;
    return this.#runs.findLast((run) => run.first <= index)?.term;
  }

  entry(index: number): Entry | undefined {
    const first = this.#cached[0];
    return first && this.#cached[index - first.index];
  }

  /** `commit`: as far as it is known. */
  append(entries: readonly Entry[], commit: number): void {
    const first = entries[0];
    if (!first) return;
    assert(first.index <= this.#lastIndex + 1, `hole in the log before ${first.index}`);
    if (first.index <= this.#lastIndex) this.#cutFrom(first.index);
    for (const entry of entries) {
      if (this.#runs.at(-1)?.term !== entry.term) {
        this.#runs.push({ term: entry.term, first: entry.index });
      }
      this.#cached.push(entry);
      this.#cachedBytes += entry.data.length + entryOverheadBytes;
      this.#lastIndex = entry.index;
    }
    const { bytes, committed: kept } = this.#sizes;
    if (this.#cachedBytes > bytes) this.#shrinkTo(bytes * 0.75);
    const committed = commit - (this.#cached[0]?.index ?? commit) + 1;
    if (committed > 2 * kept) this.#drop(Math.min(committed - kept, this.#cached.length - 1));
  }

  dropThrough(index: number): void {
    while (this.#runs[1] && this.#runs[1].first <= index + 1) this.#runs.shift();
    const first = this.#cached[0]?.index ?? 0;
    if (first <= index) this.#drop(Math.min(this.#cached.length, index - first + 1));
  }

  reset(compactedIndex: number): void {
    this.#lastIndex = compactedIndex;
    this.#runs = [];
    this.#cached = [];
    this.#cachedBytes = 0;
  }

  #cutFrom(index: number): void {
    while ((this.#runs.at(-1)?.first ?? 0) >= index) this.#runs.pop();
    for (let last = this.#cached.at(-1); last && last.index >= index; last = this.#cached.at(-1)) {
      this.#cachedBytes -= last.data.length + entryOverheadBytes;
      this.#cached.pop();
    }
    this.#lastIndex = index - 1;
  }

  /** In one go and well below the bound, so that it is rarely done. */
  #shrinkTo(bytes: number): void {
    let drop = 0;
    let left = this.#cachedBytes;
    while (left > bytes && drop < this.#cached.length - 1) {
      left -= (this.#cached[drop] as Entry).data.length + entryOverheadBytes;
      drop++;
    }
    this.#drop(drop);
  }

  #drop(count: number): void {
    for (const entry of this.#cached.splice(0, count)) {
      this.#cachedBytes -= entry.data.length + entryOverheadBytes;
    }
  }
}
