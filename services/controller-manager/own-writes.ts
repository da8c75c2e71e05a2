import type { KubeObject } from '#shared/api';

/**
 * The newest version of each object that a controller wrote itself. While its cache shows an older one it must
 * not act on it: other caches may be ahead, and show what followed from that write.
 */
export class OwnWrites {
  readonly #newest = new Map<string, { readonly uid: string; readonly version: number }>();

  wrote(key: string, object: KubeObject): void {
    this.#newest.set(key, { uid: object.metadata?.uid ?? '', version: versionOf(object) });
  }

  forget(key: string): void {
    this.#newest.delete(key);
  }

  /** Whether the object is as new as what was written, or another one of that name. */
  shows(key: string, object: KubeObject): boolean {
    const written = this.#newest.get(key);
    if (written?.uid === object.metadata?.uid && versionOf(object) < (written?.version ?? 0)) {
      return false;
    }
    this.#newest.delete(key);
    return true;
  }
}

/** Comparable among all objects of a store: its revision. */
export const versionOf = ({ metadata }: KubeObject): number =>
  Number(metadata?.resourceVersion ?? 0);
