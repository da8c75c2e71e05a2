import { type KubeObject, collectionPrefix, type Resource, storageKey } from '#shared/api';
import type { WatchEvent, WatchOptions } from '#shared/client';
import type { Timer } from '#shared/clock';
import type { KeyValue } from '#shared/mvcc';
import { decodeObjectOf, type Stored } from '../registry/codec.ts';
import { checkNamespace, checkPathSegment, prefixEnd } from '../registry/keys.ts';
import { parseResourceVersion } from '../registry/resource-version.ts';
import { parseSelection, type Selection } from '../registry/selection.ts';
import { ResourceCache, type ResourceCacheDeps, type Snapshot } from './resource-cache.ts';
import { StoreRevision } from './store-revision.ts';
import type { Watcher, WatchScope } from './watcher.ts';
import type { Trigger } from './watcher-index.ts';

const bookmarkMs = 60_000;

/** A cache per collection: one watch on the store each, however many API watches there are. */
export class WatchCache {
  readonly #deps: ResourceCacheDeps;
  readonly #caches = new Map<Resource, ResourceCache>();
  readonly #bookmarks: Timer;

  constructor(deps: Omit<ResourceCacheDeps, 'newest'>) {
    this.#deps = { ...deps, newest: new StoreRevision(deps.kv) };
    this.#bookmarks = deps.clock.every(bookmarkMs, () => this.#bookmarkAll());
  }

  /** Resolves when every given collection is loaded. */
  async start(resources: readonly Resource[]): Promise<void> {
    await Promise.all(resources.map((resource) => this.of(resource).start()));
  }

  stop(): void {
    this.#bookmarks.cancel();
    for (const cache of this.#caches.values()) cache.stop();
  }

  of(resource: Resource): ResourceCache {
    let cache = this.#caches.get(resource);
    if (!cache) {
      cache = new ResourceCache(resource, this.#deps);
      this.#caches.set(resource, cache);
    }
    return cache;
  }

  decode(resource: Resource, kv: KeyValue): KubeObject {
    return this.#caches.get(resource)?.decode(kv) ?? decodeObjectOf(resource, kv);
  }

  /** The collection in memory: at least as new as this call, or of any age; undefined where it is not known. */
  async cached(resource: Resource, age: 'fresh' | 'any'): Promise<Snapshot | undefined> {
    const cache = this.#caches.get(resource);
    return age === 'any' ? cache?.seen : cache?.fresh();
  }

  peek(resource: Resource, namespace: string, name: string): Stored | undefined {
    return this.#caches.get(resource)?.peek(storageKey(resource, name, namespace));
  }

  get watcherCount(): number {
    let count = 0;
    for (const cache of this.#caches.values()) count += cache.watcherCount;
    return count;
  }

  /** Throws `bad-request` and `expired` when iteration begins, `expired` and `unavailable` later. */
  watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent> {
    return { [Symbol.asyncIterator]: () => new LazyWatch(() => this.#open(resource, options)) };
  }

  async #open(resource: Resource, options: WatchOptions): Promise<Watcher | undefined> {
    if (options.signal?.aborted) return undefined;
    const selection = parseSelection(resource, options);
    const scope = scopeOf(resource, options, selection);
    const { resourceVersion, sendInitialEvents, signal } = options;
    const after = resourceVersion ? parseResourceVersion(resourceVersion) : undefined;
    const trigger = triggerOf(resource, selection);
    return this.of(resource).subscribe(scope, { after, sendInitialEvents, trigger, signal });
  }

  #bookmarkAll(): void {
    for (const cache of this.#caches.values()) {
      // A store without quorum has no progress to tell of; the next round will.
      cache.bookmark().catch(() => undefined);
    }
  }
}

/** A watcher that exists from the first `next` on, so that nobody holds one who never asks. */
class LazyWatch implements AsyncIterator<WatchEvent, undefined> {
  readonly #open: () => Promise<Watcher | undefined>;
  #watcher: Watcher | undefined;

  constructor(open: () => Promise<Watcher | undefined>) {
    this.#open = open;
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    return this.#watcher ? this.#watcher.next() : this.#first();
  }

  async return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#watcher?.close();
    return { done: true, value: undefined };
  }

  async #first(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#watcher = await this.#open();
    return this.#watcher?.next() ?? { done: true, value: undefined };
  }
}

function scopeOf(resource: Resource, options: WatchOptions, selection: Selection): WatchScope {
  const allowBookmarks = options.allowBookmarks ?? false;
  const { matches } = selection;
  const namespace = options.namespace ? checkNamespace(resource, options.namespace) : '';
  const name = options.name || undefined;
  if (name !== undefined) checkPathSegment('name', name);
  if (name !== undefined && (namespace !== '' || !resource.namespaced)) {
    const only = storageKey(resource, name, namespace);
    return { allowBookmarks, matches, low: only, high: `${only}\0` };
  }
  const prefix = collectionPrefix(resource, namespace);
  return {
    allowBookmarks,
    matches: name
      ? (object) => object.metadata?.name === name && selection.matches(object)
      : matches,
    low: prefix,
    high: prefixEnd(prefix),
  };
}

/** The first of the kind's own fields that the selector compares with one value. */
function triggerOf(resource: Resource, selection: Selection): Trigger | undefined {
  for (const field of Object.keys(resource.selectableFields)) {
    const value = selection.fields.exact(field);
    if (value !== undefined) return { field, value };
  }
  return undefined;
}
