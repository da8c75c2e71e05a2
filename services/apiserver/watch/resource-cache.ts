import { must, OrderedMap, QuorateError } from '#shared/base';
import { expired, groupVersion, type KubeObject, type Resource } from '#shared/api';
import type { KvClient, KvWatch, WatchOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Event, Key, KeyValue } from '#shared/mvcc';
import type { Logger } from '#shared/runtime';
import { decodeObjectOf, type Stored, withResourceVersion } from '../registry/codec.ts';
import { prefixEnd } from '../registry/keys.ts';
import { rangePages } from '../registry/range-pages.ts';
import { tooLargeVersion } from '../registry/resource-version.ts';
import { ChangeWindow } from './change-window.ts';
import { catchUpMs, Progress } from './progress.ts';
import type { StoreRevision } from './store-revision.ts';
import { type Change, Watcher, type WatchScope } from './watcher.ts';
import { type Trigger, WatcherIndex } from './watcher-index.ts';

const stopping = 'the API server is stopping';
const retryMs = 200;

export interface ResourceCacheDeps {
  readonly kv: KvClient;
  /** One for all collections. */
  readonly newest: StoreRevision;
  readonly clock: Clock;
  readonly log: Logger;
  /** So many changes are kept for watches that resume; absent: the window's own. */
  readonly window?: number | undefined;
}

/**
 * A collection at one revision: the cache's, or the store's where the cache is not sure to be new.
 * The cache goes on: what is read of it without an await in between belongs together.
 */
export interface Snapshot {
  readonly revision: number;
  get(key: Key): Stored | undefined;
  /** Calls `visit` for the objects with keys in [low, high), in order, until it returns false. */
  walk(low: Key, high: Key, visit: (stored: Stored, key: Key) => boolean): void;
}

/** Follows the objects of a collection in process, for an index of its own. */
export interface CacheListener {
  /** Nothing is there any more; what is comes as changes. */
  reset(): void;
  change(key: Key, before: KubeObject | undefined, after: KubeObject | undefined): void;
}

/** On the bookmark that ends a streaming list. */
const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' };

/** Where a watch begins, and what it is shown first. */
export interface Subscription extends Pick<WatchOptions, 'sendInitialEvents' | 'signal'> {
  readonly after?: number | undefined;
  readonly trigger?: Trigger | undefined;
}

/**
 * One collection as the store's watch shows it, fanned out to any number of API watches. Each
 * stored value is parsed once and the object shared by all of them.
 *
 * While the store's watch lasts, nothing is missed: a watcher sees every change after its start in
 * revision order. When it breaks (compacted away under a member that lagged), every watcher ends
 * with `expired` and the cache starts over.
 */
export class ResourceCache {
  readonly #resource: Resource;
  readonly #deps: ResourceCacheDeps;
  #objects = new OrderedMap<Stored>();
  #window = new ChangeWindow(0);
  readonly #progress: Progress;
  readonly #seen: Snapshot;
  /** Whether the store's answers about progress can be believed. */
  #sure = true;
  #version = 0;
  readonly #listeners: CacheListener[] = [];
  #watch: KvWatch | undefined;
  #stopped = false;
  readonly #watchers: WatcherIndex;
  #loaded: Promise<void> | undefined;

  constructor(resource: Resource, deps: ResourceCacheDeps) {
    this.#resource = resource;
    this.#deps = deps;
    this.#watchers = new WatcherIndex(resource);
    const progress = new Progress(deps.clock, () => this.#watch?.requestProgress());
    this.#progress = progress;
    this.#seen = {
      get revision() {
        return progress.revision;
      },
      get: (key) => this.#objects.get(key),
      walk: (low, high, visit) => this.#objects.walk(low, high, visit),
    };
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Resolves once the collection is loaded; until then it is tried again and again. */
  start(): Promise<void> {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  stop(): void {
    this.#stopped = true;
    this.#watch?.cancel();
    const error = new QuorateError('unavailable', stopping);
    for (const watcher of this.#watchers.all()) watcher.fail(error);
    this.#progress.giveUp();
  }

  /** Changes whenever an object does. */
  get version(): number {
    return this.#version;
  }

  /** To be called before `start`. */
  listen(listener: CacheListener): void {
    this.#listeners.push(listener);
  }

  /** The objects as last seen, in the order of their keys. */
  values(): KubeObject[] {
    const objects: KubeObject[] = [];
    this.#objects.walk('', undefined, ({ object }) => {
      objects.push(object);
      return true;
    });
    return objects;
  }

  /** Resolves once the cache is as new as the store is now; throws `unavailable`. */
  async current(): Promise<void> {
    await this.#ready();
    await this.#catchUp();
  }

  /** The collection as last seen, which may be old; undefined before it is loaded. */
  get seen(): Snapshot | undefined {
    return this.#progress.revision === 0 ? undefined : this.#seen;
  }

  /** At least as new as this call; undefined where only the store can say. Throws `unavailable`. */
  async fresh(): Promise<Snapshot | undefined> {
    if (!this.#watch || !(await this.#catchUp())) return undefined;
    return this.seen;
  }

  /** The object at a key as last seen, which may be old. */
  peek(key: Key): Stored | undefined {
    return this.#objects.get(key);
  }

  /** The parsed object of a key's value, shared with the cache where it has just this one. */
  decode(kv: KeyValue): KubeObject {
    const known = this.#objects.get(kv.key);
    return known?.modRevision === kv.modRevision
      ? known.object
      : decodeObjectOf(this.#resource, kv);
  }

  /**
   * A watch from `after` on. Without that, the current objects come first, at least as new as this
   * call; with 0, whatever the cache has. Throws `expired`, and `deadline-exceeded` where a list of
   * the future is asked for.
   */
  async subscribe(scope: WatchScope, options: Subscription): Promise<Watcher> {
    const { sendInitialEvents, trigger, signal } = options;
    await this.#ready();
    const anew = !options.after || sendInitialEvents === true;
    const start = anew ? await this.#start(options) : undefined;
    const after = start?.revision ?? options.after ?? 0;
    const missed = this.#window.after(after);
    if (!missed) {
      throw expired(`too old resource version: ${after} (${this.#window.since})`);
    }
    const initial = start && sendInitialEvents !== false ? select(start, scope) : [];
    const endOfInitial = sendInitialEvents ? this.#bookmark(after, initialEventsEnd) : undefined;
    const onClose = (ended: Watcher): void => this.#watchers.remove(ended);
    const watcher = new Watcher(scope, { after, initial, endOfInitial, signal, onClose });
    this.#watchers.add(watcher, trigger);
    for (const change of missed) watcher.push(change);
    if (this.#stopped) watcher.fail(new QuorateError('unavailable', stopping));
    if (signal?.aborted) watcher.close();
    return watcher;
  }

  /** Tells watchers how far they are; asks the store first, since quiet collections see nothing. */
  async bookmark(): Promise<void> {
    if (this.#progress.revision === 0 || this.#watchers.size === 0) return;
    await this.#catchUp();
    const object = this.#bookmark(this.#progress.revision);
    for (const watcher of this.#watchers.all()) watcher.bookmark(object);
  }

  #bookmark(revision: number, annotations?: Record<string, string>): KubeObject {
    return {
      kind: this.#resource.kind,
      apiVersion: groupVersion(this.#resource),
      metadata: {
        resourceVersion: String(revision),
        ...(annotations && { annotations }),
      },
    };
  }

  /** What a watch that begins anew is shown first. */
  async #start({ after, sendInitialEvents }: Subscription): Promise<Snapshot> {
    const anyAge = after === 0 && !sendInitialEvents;
    const start = (anyAge ? this.seen : await this.fresh()) ?? (await this.#read());
    if ((after ?? 0) > start.revision) throw tooLargeVersion(after ?? 0, start.revision);
    return start;
  }

  /** A client is better off with another server than with one that cannot load. */
  async #ready(): Promise<void> {
    // While it starts over, it hears of nothing that a watcher would miss.
    if (this.#watch && this.#progress.revision > 0) return;
    const stop = new AbortController();
    const late = this.#deps.clock.sleep(catchUpMs, stop.signal).then(() => {
      throw new QuorateError('unavailable', `${this.#resource.resource} are not loaded yet`);
    });
    late.catch(() => undefined);
    await Promise.race([this.start(), late]);
    stop.abort();
  }

  /** Waits until the cache is as new as the store is now; false where that is not sure. */
  async #catchUp(): Promise<boolean> {
    const revision = await this.#deps.newest.read();
    if (this.#progress.revision >= revision) return true;
    return this.#sure && !this.#stopped && this.#progress.wait(revision);
  }

  async #load(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#loadOnce();
        return;
      } catch (thrown) {
        const { message } = QuorateError.from(thrown);
        this.#deps.log.debug({ resource: this.#resource.resource, error: message }, 'cannot list');
        await this.#deps.clock.sleep(retryMs);
      }
    }
  }

  /** The collection as the store has it. */
  async #read(): Promise<Snapshot & { readonly objects: OrderedMap<Stored> }> {
    const key = this.#resource.storagePrefix;
    const found: Stored[] = [];
    let revision = 0;
    for await (const page of rangePages(this.#deps.kv, { key, rangeEnd: prefixEnd(key) })) {
      revision = page.revision;
      for (const kv of page.kvs) {
        found.push({ key: kv.key, object: this.decode(kv), modRevision: kv.modRevision });
      }
    }
    const objects = OrderedMap.fromSorted(
      found.map(({ key: own }) => own),
      found,
    );
    return {
      revision,
      objects,
      get: (key) => objects.get(key),
      walk: (low, high, visit) => objects.walk(low, high, visit),
    };
  }

  async #loadOnce(): Promise<void> {
    const { kv } = this.#deps;
    this.#sure = (await kv.trustsProgress?.()) ?? true;
    const { objects, revision } = await this.#read();
    this.#objects = objects;
    this.#version += 1;
    for (const listener of this.#listeners) {
      listener.reset();
      objects.walk('', undefined, ({ key, object }) => {
        listener.change(key, undefined, object);
        return true;
      });
    }
    this.#window = new ChangeWindow(revision, this.#deps.window);
    if (this.#stopped) return;
    const key = this.#resource.storagePrefix;
    const rangeEnd = prefixEnd(key);
    this.#watch = kv.watch(
      { key, rangeEnd, startRevision: revision + 1, progressNotify: true },
      {
        events: (events, answer) => this.#apply(events, answer.revision),
        progress: (answer) => {
          if (this.#sure) this.#progress.answered(answer.revision);
        },
        ended: (error) => this.#restart(error),
      },
    );
    this.#progress.reached(revision);
  }

  #restart(error: Error): void {
    if (this.#stopped) return;
    this.#deps.log.warn(
      { resource: this.#resource.resource, error: error.message },
      'the store ended the watch; starting over',
    );
    this.#watch = undefined;
    this.#loaded = this.#load();
    const ended = expired('the watch lost its place in the history; list again');
    for (const watcher of this.#watchers.all()) watcher.fail(ended);
  }

  #apply(events: readonly Event[], revision: number): void {
    for (const event of events) {
      const change = this.#change(event);
      if (!change) continue;
      this.#window.add(change);
      for (const watcher of this.#watchers.concernedBy(change)) watcher.push(change);
    }
    // The header may be ahead of the events, by changes of other collections only or by ones that
    // are still on their way: only the events themselves are sure.
    const last = events.at(-1)?.kv.modRevision ?? 0;
    this.#progress.reached(Math.min(last, revision));
  }

  /** The change an event makes; undefined where it was seen already. Updates the objects. */
  #change({ type, kv }: Event): Change | undefined {
    const { key, modRevision: revision } = kv;
    const before = this.#objects.get(key);
    if ((before?.modRevision ?? 0) >= revision) return undefined;
    const after = type === 'put' ? decodeObjectOf(this.#resource, kv) : undefined;
    this.#version += 1;
    if (after) this.#objects.set(key, { key, object: after, modRevision: revision });
    else this.#objects.delete(key);
    for (const listener of this.#listeners) listener.change(key, before?.object, after);
    let last: KubeObject | undefined;
    const farewell = (): KubeObject => {
      // Only asked for where the state before was selected, so there is one.
      last ??= withResourceVersion(must(before, 'the state that left').object, revision);
      return last;
    };
    return { key, revision, before: before?.object, after, farewell };
  }
}

function select(snapshot: Snapshot, scope: WatchScope): KubeObject[] {
  const found: KubeObject[] = [];
  snapshot.walk(scope.low, scope.high, ({ object }) => {
    if (scope.matches(object)) found.push(object);
    return true;
  });
  return found;
}
