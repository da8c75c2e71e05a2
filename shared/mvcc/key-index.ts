import { assert, OrderedMap } from '#shared/base';
import { flatLatin1 } from './bytes.ts';
import { KeyHistory } from './key-history.ts';
import type { Key } from './types.ts';

/**
 * Every key's history, by hash for single keys and in order for ranges. The tree alone would do,
 * at five times the price of a lookup: it compares keys all over memory on the way down.
 */
export class KeyIndex {
  readonly #byKey = new Map<Key, KeyHistory>();
  #ordered = new OrderedMap<KeyHistory>();

  get size(): number {
    return this.#byKey.size;
  }

  get(key: Key): KeyHistory | undefined {
    return this.#byKey.get(key);
  }

  /** The key's history, begun where there is none. */
  ensure(key: Key): KeyHistory {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const history = this.#begin(key);
    this.#ordered.set(history.key, history);
    return history;
  }

  /** Fills an empty index through `ensure`, which `fill` is given; puts the keys in order after. */
  load(fill: (ensure: (key: Key) => KeyHistory) => void): void {
    assert(this.size === 0, 'an index is loaded once');
    fill((key) => this.#byKey.get(key) ?? this.#begin(key));
    const keys = [...this.#byKey.keys()].sort();
    this.#ordered = OrderedMap.fromSorted(
      keys.map((key) => [key, this.#byKey.get(key) as KeyHistory]),
    );
  }

  #begin(key: Key): KeyHistory {
    const history = new KeyHistory(flatLatin1(key));
    this.#byKey.set(history.key, history);
    return history;
  }

  delete(key: Key): void {
    this.#byKey.delete(key);
    this.#ordered.delete(key);
  }

  /** See OrderedMap. */
  walk(low: Key, high: Key | undefined, visit: (history: KeyHistory) => boolean): void {
    this.#ordered.walk(low, high, visit);
  }
}
