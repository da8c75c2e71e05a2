import { assert } from '#shared/base';

/** Last indexes of the append messages on their way to one follower, oldest first. */
export class Inflights {
  readonly #capacity: number;
  #lastIndexes: number[] = [];
  #head = 0;

  constructor(capacity: number) {
    assert(capacity > 0, 'an inflight window of nothing sends nothing');
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#lastIndexes.length - this.#head;
  }

  get full(): boolean {
    return this.count >= this.#capacity;
  }

  add(lastIndex: number): void {
    assert(!this.full, 'the inflight window is full');
    assert(lastIndex >= (this.#lastIndexes.at(-1) ?? 0), 'append messages are sent in order');
    this.#lastIndexes.push(lastIndex);
  }

  /** An answer for `index` also answers for every message before it. */
  freeUpTo(index: number): void {
    while (this.count > 0 && (this.#lastIndexes[this.#head] ?? 0) <= index) this.#head += 1;
    // Amortized: the array is copied only once half of it is free.
    if (this.#head * 2 >= this.#lastIndexes.length) {
      this.#lastIndexes = this.#lastIndexes.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#lastIndexes = [];
    this.#head = 0;
  }

  describe(): string {
    return `inflights ${this.count}/${this.#capacity}`;
  }
}
