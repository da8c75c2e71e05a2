import type { Entry } from '#shared/raft';
import { BrokenPromise } from './broken-promise.ts';

/**
 * Two logs that hold an entry of the same index and term are identical up to it (thesis, 3.5). By
 * induction it is enough that index and term tell an entry's content and the term before it.
 */
export class LogMatching {
  readonly #seen = new Map<string, string>();

  holds(entry: Entry, termBefore: number): void {
    const key = `${entry.index}/${entry.term}`;
    const content = `after term ${termBefore}: ${entry.type} ${entry.data.join(' ')}`;
    const known = this.#seen.get(key) ?? content;
    if (known !== content)
      throw new BrokenPromise(`entry ${key} is both "${known}" and "${content}"`);
    this.#seen.set(key, content);
  }
}
