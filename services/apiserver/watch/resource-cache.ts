import { must, QuorateError } from '#shared/base';
import { expired, groupVersion, type KubeObject, type Resource } from '#shared/api';
import type { KvClient, KvWatch, WatchOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Event, Key, KeyValue } from '#shared/mvcc';
import type { Logger } from '#shared/runtime';
import { decodeObjectOf, type Stored, withResourceVersion } from '../registry/codec.ts';
import { prefixEnd } from '../registry/keys.ts';
import { tooLargeVersion } from '../registry/resource-version.ts';
import { ChangeWindow } from './change-window.ts';
import { type Change, Watcher, type WatchScope } from './watcher.ts';
import { type Trigger, WatcherIndex } from './watcher-index.ts';

const stopping = 'the API server is stopping';
const retryMs = 200;
/** How long a new watch waits for the cache to catch up with the store before it starts anyway. */
const catchUpMs = 3_000;
const askAgainMs = 100;

export interface ResourceCacheDeps {
  readonly kv: KvClient;
  readonly clock: Clock;
  readonly log: Logger;
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
  #objects = new Map<Key, Stored>();
  #window = new ChangeWindow(0);
  /** Every change up to here is in the cache; 0 before the first load. */
  #revision = 0;
  #version = 0;
  readonly #listeners: CacheListener[] = [];
  #watch: KvWatch | undefined;
  #stopped = false;
  readonly #watchers: WatcherIndex;
  #loaded: Promise<void> | undefined;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  constructor(resource: Resource, deps: ResourceCacheDeps) {
    this.#resource = resource;
    this.#deps = deps;
    this.#watchers = new WatcherIndex(resource);
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
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Changes whenever an object does. */
  get version(): number {
    return this.#version;
  }

  /** To be called before `start`. */
  listen(listener: CacheListener): void {
    this.#listeners.push(listener);
  }

  /** The objects as last seen. */
  *values(): Generator<KubeObject, void> {
    for (const { object } of this.#objects.values()) yield object;
  }

  /** Resolves once the cache is as new as the store is now; throws `unavailable`. */
  async current(): Promise<void> {
    await this.#ready();
    await this.#catchUp();
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
    if (options.after === undefined || sendInitialEvents) await this.#catchUp();
    if (sendInitialEvents && (options.after ?? 0) > this.#revision) {
      throw tooLargeVersion(options.after ?? 0, this.#revision);
    }
    const fresh = !options.after || sendInitialEvents === true;
    const after = fresh ? this.#revision : (options.after ?? 0);
    const missed = fresh ? [] : this.#window.after(after);
    if (!missed) {
      throw expired(`too old resource version: ${after} (${this.#window.since})`);
    }
    const initial = fresh && sendInitialEvents !== false ? this.#select(scope) : [];
    const endOfInitial = sendInitialEvents ? this.#bookmark(initialEventsEnd) : undefined;
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
    if (this.#revision === 0 || this.#watchers.size === 0) return;
    await this.#catchUp();
    const object = this.#bookmark();
    for (const watcher of this.#watchers.all()) watcher.bookmark(object);
  }

  #bookmark(annotations?: Record<string, string>): KubeObject {
    return {
      kind: this.#resource.kind,
      apiVersion: groupVersion(this.#resource),
      metadata: {
        resourceVersion: String(this.#revision),
        ...(annotations && { annotations }),
      },
    };
  }

  #select(scope: WatchScope): KubeObject[] {
    const found: KubeObject[] = [];
    for (const { key, object } of this.#objects.values()) {
      if (scope.inScope(key) && scope.matches(object)) found.push(object);
    }
    return found;
  }

  /** A client is better off with another server than with one that cannot load. */
  async #ready(): Promise<void> {
    if (this.#revision > 0) return;
    const stop = new AbortController();
    const late = this.#deps.clock.sleep(catchUpMs, stop.signal).then(() => {
      throw new QuorateError('unavailable', `${this.#resource.resource} are not loaded yet`);
    });
    late.catch(() => undefined);
    await Promise.race([this.start(), late]);
    stop.abort();
  }

  /** Waits until the cache is as new as the store is now. */
  async #catchUp(): Promise<void> {
    const key = this.#resource.storagePrefix;
    const { header } = await this.#deps.kv.range({ key, countOnly: true });
    if (this.#revision >= header.revision || this.#stopped) return;
    const reached = new Promise<void>((resolve) => {
      this.#waiting.push({ revision: header.revision, resolve });
    });
    // A store whose watchers lag leaves a request for progress unanswered, so ask again.
    const ask = (): void => this.#watch?.requestProgress();
    const asking = this.#deps.clock.every(askAgainMs, ask);
    const late = this.#deps.clock.after(catchUpMs, () => this.#release(Number.POSITIVE_INFINITY));
    ask();
    await reached;
    asking.cancel();
    late.cancel();
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

  async #loadOnce(): Promise<void> {
    const key = this.#resource.storagePrefix;
    const rangeEnd = prefixEnd(key);
    const { kvs, header } = await this.#deps.kv.range({ key, rangeEnd });
    const objects = new Map<Key, Stored>();
    for (const kv of kvs) {
      objects.set(kv.key, { key: kv.key, object: this.decode(kv), modRevision: kv.modRevision });
    }
    this.#objects = objects;
    this.#version += 1;
    for (const listener of this.#listeners) {
      listener.reset();
      for (const [key, { object }] of objects) listener.change(key, undefined, object);
    }
    this.#window = new ChangeWindow(header.revision);
    this.#revision = header.revision;
    if (this.#stopped) return;
    this.#watch = this.#deps.kv.watch(
      { key, rangeEnd, startRevision: header.revision + 1, progressNotify: true },
      {
        events: (events, answer) => this.#apply(events, answer.revision),
        progress: (answer) => this.#reached(answer.revision),
        ended: (error) => this.#restart(error),
      },
    );
    this.#release(this.#revision);
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
    this.#reached(Math.min(last, revision));
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

  #reached(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#release(revision);
  }

  #release(revision: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of waiting) if (waiter.revision <= revision) waiter.resolve();
  }
}
