import type { Entry } from '#shared/raft';
import { BrokenPromise } from './broken-promise.ts';

interface Held {
  readonly entry: Entry;
  readonly termBefore: number;
}

/**
 * Two logs that hold an entry of the same index and term are identical up to it (thesis, 3.5). By
 * induction it is enough that index and term tell an entry's content and the term before it.
 */
export class LogMatching {
  /** By index, then by term. */
  readonly #seen = new Map<number, Map<number, Held>>();

  holds(entry: Entry, termBefore: number): void {
    const { index, term } = entry;
    let terms = this.#seen.get(index);
    if (!terms) this.#seen.set(index, (terms = new Map()));
    const known = terms.get(term);
    if (!known) terms.set(term, { entry, termBefore });
    else if (known.termBefore !== termBefore || !sameContent(known.entry, entry)) {
      const texts = [contentOf(known), contentOf({ entry, termBefore })] as const;
      throw new BrokenPromise(`entry ${index}/${term} is both "${texts[0]}" and "${texts[1]}"`);
    }
  }
}

function sameContent(a: Entry, b: Entry): boolean {
  return a === b || (a.type === b.type && (a.data === b.data || sameBytes(a.data, b.data)));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function contentOf({ entry, termBefore }: Held): string {
  return `after term ${termBefore}: ${entry.type} ${entry.data.join(' ')}`;
}
