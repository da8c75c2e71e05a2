import type { Change } from './watcher.ts';

/** The latest changes of a collection, so that a watch can resume after a short absence. */
export class ChangeWindow {
  readonly #capacity: number;
  #changes: Change[] = [];
  /** Every change after this revision is in the window. */
  #since: number;

  constructor(since: number, capacity = 2048) {
    this.#since = since;
    this.#capacity = capacity;
  }

  get since(): number {
    return this.#since;
  }

  add(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length < this.#capacity * 2) return;
    // Drops half at a time: cheap, and never splits the changes of one revision.
    const last = this.#changes[this.#changes.length - this.#capacity]?.revision ?? 0;
    this.#changes = this.#changes.filter(({ revision }) => revision > last);
    this.#since = last;
  }

  /** The changes after a revision, in order; undefined where some of them are gone. */
  after(revision: number): Change[] | undefined {
    if (revision < this.#since) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }
}
