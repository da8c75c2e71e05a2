import type { Clock } from '#shared/clock';
import type { Entry } from '#shared/raft';

/** Longest run of applying before the loop gets its turn again. */
const sliceMs = 4;

/** Committed entries that are not applied yet, in their order; `T`: what became of one. */
export class ApplyQueue<T> {
  readonly #clock: Clock;
  readonly #took: ((applied: T, ms: number) => void) | undefined;
  #entries: Entry[] = [];
  #from = 0;
  #newest: number;

  /** `took`: is told how long each command took, and what `slice`'s callback says of it. */
  constructor(clock: Clock, applied: number, took?: (applied: T, ms: number) => void) {
    this.#clock = clock;
    this.#newest = applied;
    this.#took = took;
  }

  get waiting(): boolean {
    return this.#from < this.#entries.length;
  }

  /** Index of the newest entry that was committed, applied or not. */
  get newest(): number {
    return this.#newest;
  }

  push(entries: readonly Entry[]): void {
    for (const entry of entries) this.#entries.push(entry);
    this.#newest = entries.at(-1)?.index ?? this.#newest;
  }

  /** A snapshot has everything up to `index`. */
  dropThrough(index: number): void {
    this.#entries = this.#entries.slice(this.#from).filter((entry) => entry.index > index);
    this.#from = 0;
    this.#newest = Math.max(this.#newest, index);
  }

  /**
   * Hands out entries until there are no more, or it has taken long enough. `apply` says what became of an
   * entry, where it was a command. The clock is asked once an entry: three times cost as much as a look-up of its key.
   */
  slice(apply: (entry: Entry) => T | undefined): void {
    let nowMs = this.#clock.monotonic();
    const untilMs = nowMs + sliceMs;
    while (this.#from < this.#entries.length && nowMs < untilMs) {
      const startedMs = nowMs;
      const applied = apply(this.#entries[this.#from++] as Entry);
      nowMs = this.#clock.monotonic();
      if (applied !== undefined) this.#took?.(applied, nowMs - startedMs);
    }
    if (this.waiting) return;
    this.#entries = [];
    this.#from = 0;
  }
}
