import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** A namespace goes after all that was in it, but for what came when nobody could know of it any more. */
export class Namespaces implements Checker {
  readonly name = 'namespaces';
  /** By namespace: the keys of what is in it, and since when. */
  readonly #inhabitants = new Map<string, Map<string, number>>();
  readonly #patienceMs: number;

  /** What was made that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    const { resource, key, atMs, before, after } = change;
    const { name = '', namespace } = (after ?? before)?.metadata ?? {};
    if (resource === 'namespaces') {
      if (!after) this.#gone(name, change);
      return;
    }
    if (namespace === undefined) return;
    const inhabitants = this.#inhabitants.get(namespace) ?? new Map<string, number>();
    this.#inhabitants.set(namespace, inhabitants);
    if (!after) inhabitants.delete(key);
    else if (!before) inhabitants.set(key, atMs);
  }

  #gone(name: string, { revision, atMs }: Change): void {
    for (const [key, sinceMs] of this.#inhabitants.get(name) ?? []) {
      if (atMs - sinceMs < this.#patienceMs) continue;
      throw new BrokenPromise(`namespace ${name} is gone at revision ${revision} before ${key}`);
    }
  }
}
