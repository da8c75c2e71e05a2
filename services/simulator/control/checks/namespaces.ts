import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/**
 * A namespace goes after all that was in it when it was deleted: fresh lists show every one of them. Nothing
 * is made in it from then on.
 */
export class Namespaces implements Checker {
  readonly name = 'namespaces';
  /** By namespace: the keys of what is in it. */
  readonly #inhabitants = new Map<string, Set<string>>();
  /** By namespace that is going: what was in it then, and still is. */
  readonly #doomed = new Map<string, Set<string>>();
  /** Namespaces that are going, or have gone and not come again. */
  readonly #closed = new Set<string>();

  changed({ resource, key, revision, before, after }: Change): void {
    const { name = '', namespace, deletionTimestamp } = (after ?? before)?.metadata ?? {};
    if (resource === 'namespaces') {
      if (after && deletionTimestamp === undefined) this.#closed.delete(name);
      else this.#closed.add(name);
      if (!after) this.#gone(name, revision);
      else if (deletionTimestamp !== undefined && !this.#doomed.has(name)) {
        this.#doomed.set(name, new Set(this.#inhabitants.get(name)));
      }
      return;
    }
    if (namespace === undefined) return;
    if (!before && this.#closed.has(namespace)) {
      throw new BrokenPromise(
        `${key} is made at revision ${revision} in a namespace that is going`,
      );
    }
    const inhabitants = this.#inhabitants.get(namespace) ?? new Set<string>();
    this.#inhabitants.set(namespace, inhabitants);
    if (after) inhabitants.add(key);
    else {
      inhabitants.delete(key);
      this.#doomed.get(namespace)?.delete(key);
    }
  }

  #gone(name: string, revision: number): void {
    const [left] = this.#doomed.get(name) ?? [];
    this.#doomed.delete(name);
    if (left === undefined) return;
    throw new BrokenPromise(`namespace ${name} is gone at revision ${revision} before ${left}`);
  }
}
