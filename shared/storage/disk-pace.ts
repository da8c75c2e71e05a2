/** Milliseconds of a synced write up to which waiting for it costs less than the way to a pool thread and back. */
const quickMs = 1;
/** Counted as no longer than this: what counts is how long most writes take, and not the longest stall. */
const longestMs = 2;
const weight = 1 / 8;

/**
 * How long synced writes have taken of late. On a quick disk a small one is made where it is asked for;
 * a slow disk must not hold up everything else.
 */
export class DiskPace {
  #averageMs = 0;

  get quick(): boolean {
    return this.#averageMs < quickMs;
  }

  took(ms: number): void {
    this.#averageMs += (Math.min(ms, longestMs) - this.#averageMs) * weight;
  }
}
