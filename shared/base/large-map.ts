/**
 * V8 refuses a Map or Set its entry number 2^24, and, as removed entries count until it makes room, any
 * beyond 2^23 may be that one.
 */
export const entriesMax = 2 ** 23;

/**
 * A Map for more entries than V8 lets one have: when the newest one is full another is begun. As long as there is
 * only one, which is nearly always, it costs what a Map costs.
 */
export class LargeMap<K, V> {
  readonly #max: number;
  #newest = new Map<K, V>();
  readonly #others: Map<K, V>[] = [];

  constructor(max = entriesMax) {
    this.#max = max;
  }

  get size(): number {
    let size = this.#newest.size;
    for (const map of this.#others) size += map.size;
    return size;
  }

  get(key: K): V | undefined {
    const value = this.#newest.get(key);
    return value !== undefined || this.#others.length === 0
      ? value
      : this.#elsewhere(key)?.get(key);
  }

  /** The key must not be there. */
  add(key: K, value: V): void {
    if (this.#newest.size >= this.#max) {
      this.#others.push(this.#newest);
      this.#newest = this.#takeRoomy() ?? new Map<K, V>();
    }
    this.#newest.set(key, value);
  }

  delete(key: K): boolean {
    return this.#newest.delete(key) || this.#elsewhere(key)?.delete(key) === true;
  }

  *keys(): Generator<K, void> {
    for (const map of this.#others) yield* map.keys();
    yield* this.#newest.keys();
  }

  *values(): Generator<V, void> {
    for (const map of this.#others) yield* map.values();
    yield* this.#newest.values();
  }

  #elsewhere(key: K): Map<K, V> | undefined {
    return this.#others.find((map) => map.has(key));
  }

  /** One that has lost half of its entries is as good as a new one. */
  #takeRoomy(): Map<K, V> | undefined {
    const at = this.#others.findIndex((map) => map.size <= this.#max / 2);
    return at < 0 ? undefined : this.#others.splice(at, 1)[0];
  }
}
