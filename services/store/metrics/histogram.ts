/** etcd's buckets for its disks: 1 ms, doubled, up to 8.192 s. */
const firstBucketMs = 1;
const bucketCount = 14;

/** Durations in the buckets of a Prometheus histogram. */
export class DurationHistogram {
  readonly #buckets = new Uint32Array(bucketCount + 1);
  #sumMs = 0;

  observe(ms: number): void {
    this.#sumMs += ms;
    let bucket = 0;
    for (let bound = firstBucketMs; bucket < bucketCount && ms > bound; bound *= 2) bucket++;
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
      return { le: i < bucketCount ? (firstBucketMs * 2 ** i) / 1000 : Infinity, count };
    });
  }
}
