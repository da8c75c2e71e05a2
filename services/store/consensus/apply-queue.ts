import type { Clock } from '#shared/clock';
import type { Entry } from '#shared/raft';

/** Longest run of applying before the loop gets its turn again. */
const sliceMs = 4;

/** Committed entries that are not applied yet, in their order. */
export class ApplyQueue {
  readonly #clock: Clock;
  #entries: Entry[] = [];
  #from = 0;
  #newest: number;

  constructor(clock: Clock, applied: number) {
    this.#clock = clock;
    this.#newest = applied;
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

  /** Hands out entries until there are no more, or it has taken long enough. */
  slice(apply: (entry: Entry) => void): void {
    const until = this.#clock.monotonic() + sliceMs;
    while (this.#from < this.#entries.length) {
      apply(this.#entries[this.#from++] as Entry);
      if (this.#clock.monotonic() >= until) break;
    }
    if (this.waiting) return;
    this.#entries = [];
    this.#from = 0;
  }
}
