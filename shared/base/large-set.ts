import { entriesMax } from './large-map.ts';

/** A Set for more entries than V8 lets one have; see LargeMap. */
export class LargeSet<T> {
  readonly #max: number;
  #newest = new Set<T>();
  readonly #others: Set<T>[] = [];

  constructor(max = entriesMax) {
    this.#max = max;
  }

  get size(): number {
    let size = this.#newest.size;
    for (const set of this.#others) size += set.size;
    return size;
  }

  add(item: T): void {
    if (this.#newest.size >= this.#max && !this.has(item)) {
      this.#others.push(this.#newest);
      this.#newest = new Set();
    }
    if (!this.#isElsewhere(item)) this.#newest.add(item);
  }

  has(item: T): boolean {
    return this.#newest.has(item) || this.#isElsewhere(item);
  }

  delete(item: T): boolean {
    return this.#newest.delete(item) || this.#others.some((set) => set.delete(item));
  }

  /** What is visited may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<T, void> {
    for (const set of this.#others) yield* set;
    yield* this.#newest;
  }

  #isElsewhere(item: T): boolean {
    return this.#others.length > 0 && this.#others.some((set) => set.has(item));
  }
}
