import { type KubeObject, resources } from '#shared/api';
import type { AppliedEntry } from '../../checks/state-log.ts';
import { nameOf } from './metadata.ts';

/** What one revision did to one object, as the store has it. */
export interface Change {
  readonly revision: number;
  readonly atMs: number;
  readonly key: string;
  /** `pods`, `apps/deployments`. */
  readonly resource: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

/**
 * Every object in every version that it ever had: the truth that checkers compare with. Built from
 * what the replicated state machine did, and from nothing that the API server says.
 */
export class ObjectHistory {
  readonly #collections = new Map<string, Collection>();
  readonly #resources = new Map<string, string | undefined>();
  #revision = 1;

  /** Of the store. */
  get revision(): number {
    return this.#revision;
  }

  add({ events, revision, atMs }: Pick<AppliedEntry, 'events' | 'revision' | 'atMs'>): Change[] {
    this.#revision = revision;
    const made: Change[] = [];
    for (const { type, kv } of events) {
      const { key } = kv;
      const resource = this.#resourceOf(key);
      if (resource === undefined) continue;
      const collection = this.#collection(resource);
      const { objects, changes } = collection;
      const before = objects.get(key);
      const after = type === 'put' ? decoded(kv.value, revision) : undefined;
      if (after) objects.set(key, after);
      else objects.delete(key);
      collection.sorted = undefined;
      const change = { revision, atMs, key, resource, before, after };
      changes.push(change);
      made.push(change);
    }
    return made;
  }

  /** As they are now, in the order of their keys. */
  all<T extends KubeObject>(resource: string): readonly T[] {
    const collection = this.#collection(resource);
    collection.sorted ??= [...collection.objects]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
    return collection.sorted as readonly T[];
  }

  /** By key, as they were at that revision. */
  asOf(resource: string, revision: number): Map<string, KubeObject> {
    const { objects } = this.#collection(resource);
    const then = new Map(objects);
    for (const { key, before } of this.changesAfter(resource, revision).toReversed()) {
      if (before) then.set(key, before);
      else then.delete(key);
    }
    return then;
  }

  /** By name, as they were in a namespace at each moment since then, the newest first: one map, which changes. */
  *views<T extends KubeObject>(
    resource: string,
    namespace: string,
    sinceMs: number,
  ): Generator<ReadonlyMap<string, T>> {
    const isThere = (object: KubeObject): boolean => object.metadata?.namespace === namespace;
    const view = new Map(
      this.all<T>(resource)
        .filter(isThere)
        .map((object) => [nameOf(object), object]),
    );
    yield view;
    const { changes } = this.#collection(resource);
    for (let i = changes.length - 1; i >= 0; i--) {
      const { atMs, before, after } = changes[i] as Change;
      if (atMs < sinceMs) return;
      if (!isThere(after ?? before ?? {})) continue;
      if (before) view.set(nameOf(before), before as T);
      else view.delete(nameOf(after ?? {}));
      yield view;
    }
  }

  /** In the order of their revisions. */
  changes(resource: string): readonly Change[] {
    return this.#collection(resource).changes;
  }

  /** Those after this revision. */
  changesAfter(resource: string, revision: number): readonly Change[] {
    const { changes } = this.#collection(resource);
    let low = 0;
    for (let high = changes.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return changes.slice(low);
  }

  #collection(resource: string): Collection {
    const name = collectionOf.get(resource) ?? resource;
    const known = this.#collections.get(name);
    if (known) return known;
    const made: Collection = { objects: new Map(), changes: [], sorted: undefined };
    this.#collections.set(name, made);
    return made;
  }

  #resourceOf(key: string): string | undefined {
    if (this.#resources.has(key)) return this.#resources.get(key);
    const resource = resourceOf(key);
    this.#resources.set(key, resource);
    return resource;
  }
}

interface Collection {
  readonly objects: Map<string, KubeObject>;
  readonly changes: Change[];
  /** In the order of their keys, until something changes. */
  sorted: readonly KubeObject[] | undefined;
}

/** `pods`, `apps/deployments`. */
export const resourceName = ({
  group,
  resource,
}: {
  readonly group: string;
  readonly resource: string;
}): string => (group === '' ? resource : `${group}/${resource}`);

const collections = new Map(
  resources.map((resource) => [resource.storagePrefix, resourceName(resource)]),
);

/** Some are served under two names, as events are; they are one collection. */
const collectionOf = new Map(
  resources.map((resource) => [
    resourceName(resource),
    collections.get(resource.storagePrefix) ?? resourceName(resource),
  ]),
);

/** Undefined for what is no object, such as an election. */
function resourceOf(key: string): string | undefined {
  const parts = key.split('/');
  const prefix = (length: number): string => `${parts.slice(0, length).join('/')}/`;
  return collections.get(prefix(3)) ?? collections.get(prefix(4));
}

function decoded(value: Uint8Array, revision: number): KubeObject {
  const object = JSON.parse(Buffer.from(value).toString()) as KubeObject;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
