import type { KubeObject } from '#shared/api';

/** The values an object is found under in one index. */
export type Indexer<T> = (object: T) => readonly string[];

/** What an informer knows: a view to read from. Objects are shared, so never change one. */
export interface ObjectStore<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  /** In no particular order. */
  list(namespace?: string): readonly T[];
  /** By one of the informer's own indexers. */
  byIndex(index: string, value: string): readonly T[];
}

const byNamespace = 'namespace';

/** An ObjectStore that its informer fills. */
export class IndexedStore<T extends KubeObject> implements ObjectStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: ReadonlyMap<string, Indexer<T>>;
  readonly #indices = new Map<string, Map<string, Map<string, T>>>();

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    const namespaces: Indexer<T> = (object) => [object.metadata?.namespace ?? ''];
    this.#indexers = new Map([...Object.entries(indexers), [byNamespace, namespaces]]);
    for (const name of this.#indexers.keys()) this.#indices.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined
      ? [...this.#objects.values()]
      : this.byIndex(byNamespace, namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    return [...(this.#indices.get(index)?.get(value)?.values() ?? [])];
  }

  set(key: string, object: T): void {
    this.delete(key);
    this.#objects.set(key, object);
    for (const [name, indexer] of this.#indexers) {
      for (const value of indexer(object)) {
        const index = this.#indices.get(name);
        const found = index?.get(value);
        if (found) found.set(key, object);
        else index?.set(value, new Map([[key, object]]));
      }
    }
  }

  delete(key: string): void {
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    for (const [name, indexer] of this.#indexers) {
      const index = this.#indices.get(name);
      for (const value of indexer(object)) {
        const found = index?.get(value);
        found?.delete(key);
        if (found?.size === 0) index?.delete(value);
      }
    }
  }
}
