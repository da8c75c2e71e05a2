import { IntervalIndex } from './interval-index.ts';
import { endOf } from './key-range.ts';
import type { Key } from './types.ts';

/** What is watched; an absent `rangeEnd` is the one key, `\0` every key from `key` on. */
export interface Watched {
  readonly request: { readonly key: Key; readonly rangeEnd?: Key | undefined };
}

/** Finds who watches a key: by hash for single keys, by interval tree for ranges. */
export class WatcherIndex<T extends Watched> {
  readonly #byKey = new Map<Key, Set<T>>();
  readonly #ranges = new IntervalIndex<T>();
  readonly #all = new Set<T>();

  get size(): number {
    return this.#all.size;
  }

  /** In the order of addition. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#all.values();
  }

  has(watcher: T): boolean {
    return this.#all.has(watcher);
  }

  add(watcher: T): void {
    this.#all.add(watcher);
    const { key, rangeEnd } = watcher.request;
    const end = endOf(rangeEnd);
    if (end !== undefined) {
      this.#ranges.add(key, end, watcher);
      return;
    }
    const watchers = this.#byKey.get(key);
    if (watchers === undefined) this.#byKey.set(key, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Whether it was there. */
  delete(watcher: T): boolean {
    if (!this.#all.delete(watcher)) return false;
    const { key, rangeEnd } = watcher.request;
    const end = endOf(rangeEnd);
    if (end !== undefined) {
      this.#ranges.remove(key, end, watcher);
      return true;
    }
    const watchers = this.#byKey.get(key);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#byKey.delete(key);
    return true;
  }

  match(key: Key, visit: (watcher: T) => void): void {
    const watchers = this.#byKey.get(key);
    if (watchers !== undefined) for (const watcher of watchers) visit(watcher);
    this.#ranges.stab(key, visit);
  }
}
