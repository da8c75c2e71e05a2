import { type Key, zeroKey } from '#shared/mvcc';

interface KeyRange {
  readonly low: Key;
  readonly high: Key;
}

/** Above every key: keys are latin1. */
const infinity = '\u{ffff}';

/** What a request or a permission spans: one key, [key, rangeEnd), or everything from `key` on. */
function spanOf(key: Key, rangeEnd: Key | undefined): KeyRange {
  if (rangeEnd === undefined || rangeEnd === '') return { low: key, high: `${key}\0` };
  return { low: key, high: rangeEnd === zeroKey ? infinity : rangeEnd };
}

/** A set of keys, made of ranges that may touch and overlap. */
export class KeyRanges {
  /** Ascending; they neither overlap nor touch. */
  readonly #merged: KeyRange[] = [];

  constructor(ranges: Iterable<{ readonly key: Key; readonly rangeEnd: Key }>) {
    const spans = Array.from(ranges, ({ key, rangeEnd }) => spanOf(key, rangeEnd));
    spans.sort((a, b) => (a.low < b.low ? -1 : Number(a.low > b.low)));
    for (const { low, high } of spans) {
      const last = this.#merged.at(-1);
      if (last && low <= last.high) {
        if (high > last.high) this.#merged[this.#merged.length - 1] = { low: last.low, high };
      } else if (low < high) {
        this.#merged.push({ low, high });
      }
    }
  }

  /** Whether every key of the range is in the set; an empty range stands for its first key. */
  contains(key: Key, rangeEnd?: Key): boolean {
    const { low, high } = spanOf(key, rangeEnd);
    const range = this.#lastFrom(low);
    return range !== undefined && low < range.high && high <= range.high;
  }

  /** The last range that begins at or before `low`. */
  #lastFrom(low: Key): KeyRange | undefined {
    let from = 0;
    let to = this.#merged.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#merged[middle] as KeyRange).low <= low) from = middle + 1;
      else to = middle;
    }
    return this.#merged[from - 1];
  }
}
