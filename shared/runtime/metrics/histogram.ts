/** etcd's upper bounds for its disks: 1 ms, doubled, up to 8.192 s. */
const diskBoundsMs = exponentialMs(1, 14);

/** `count` upper bounds, each the double of the one before. */
export function exponentialMs(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first * 2 ** i);
}

/** Durations in the buckets of a Prometheus histogram. */
export class DurationHistogram {
  readonly #boundsMs: readonly number[];
  readonly #buckets: Uint32Array;
  #sumMs = 0;

  /** Upper bounds, ascending. */
  constructor(boundsMs: readonly number[] = diskBoundsMs) {
    this.#boundsMs = boundsMs;
    this.#buckets = new Uint32Array(boundsMs.length + 1);
  }

  observe(ms: number): void {
    this.#sumMs += ms;
    let bucket = 0;
    while (bucket < this.#boundsMs.length && ms > (this.#boundsMs[bucket] ?? 0)) bucket++;
    const { [bucket]: before = 0 } = this.#buckets;
    this.#buckets[bucket] = before + 1;
  }

  get sumSeconds(): number {
    return this.#sumMs / 1000;
  }

  /** Upper bounds in seconds and how many were at most that, the last one without a bound. */
  cumulative(): { readonly le: number; readonly count: number }[] {
    let count = 0;
    return Array.from(this.#buckets, (inBucket, i) => {
      count += inBucket;
      return { le: (this.#boundsMs[i] ?? Infinity) / 1000, count };
    });
  }
}
