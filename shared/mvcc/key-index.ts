import { LargeMap, OrderedMap, type Summary } from '#shared/base';
import { flatLatin1 } from './bytes.ts';
import { absent, KeyHistory } from './key-history.ts';
import type { Key } from './types.ts';

/** Of the keys below a node of the tree. */
interface Tally {
  /** How many exist now. */
  readonly live: number;
  /** The last revision at which one of them began or ceased to exist. */
  readonly changed: number;
}

const tally: Summary<KeyHistory, Tally> = {
  of(histories) {
    let live = 0;
    let changed = 0;
    for (const history of histories) {
      if (history.live) live++;
      changed = Math.max(changed, history.live ? history.createRevision : history.main);
    }
    return { live, changed };
  },
  join(tallies) {
    let live = 0;
    let changed = 0;
    for (const part of tallies) {
      live += part.live;
      changed = Math.max(changed, part.changed);
    }
    return { live, changed };
  },
};

/**
 * Every key's history, by hash for single keys and in order for ranges. The tree alone would do,
 * at five times the price of a lookup: it compares keys all over memory on the way down.
 */
export class KeyIndex {
  readonly #byKey: LargeMap<Key, KeyHistory>;
  readonly #ordered: OrderedMap<KeyHistory, Tally>;

  /** Takes over the histories of all keys there are. */
  constructor(byKey = new LargeMap<Key, KeyHistory>()) {
    this.#byKey = byKey;
    const inOrder = [...byKey.keys()];
    if (ascends(inOrder)) {
      this.#ordered = OrderedMap.fromSorted(inOrder, [...byKey.values()], tally);
      return;
    }
    const keys = inOrder.sort();
    const histories = keys.map((key) => byKey.get(key) as KeyHistory);
    this.#ordered = OrderedMap.fromSorted(keys, histories, tally);
  }

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
    const history = new KeyHistory(flatLatin1(key));
    this.#byKey.add(history.key, history);
    this.#ordered.set(history.key, history);
    return history;
  }

  delete(key: Key): void {
    this.#byKey.delete(key);
    this.#ordered.delete(key);
  }

  /** The key has begun or ceased to exist. */
  touch(key: Key): void {
    this.#ordered.touch(key);
  }

  /**
   * How many keys of [low, high) exist at `revision`. What is far from both ends of the range and
   * has neither begun nor ceased since is not looked at.
   */
  count(low: Key, high: Key | undefined, revision: number): number {
    let count = 0;
    this.#ordered.survey(
      low,
      high,
      ({ live, changed }) => {
        if (changed > revision) return false;
        count += live;
        return true;
      },
      (history) => {
        if (history.at(revision) !== absent) count++;
      },
    );
    return count;
  }

  /** See OrderedMap. */
  walk(low: Key, high: Key | undefined, visit: (history: KeyHistory) => boolean): void {
    this.#ordered.walk(low, high, visit);
  }
}

/** As where keys were counted up: a quarter of what a start with many keys takes is spared. */
function ascends(keys: readonly Key[]): boolean {
  return keys.every((key, i) => i === 0 || (keys[i - 1] as Key) < key);
}
