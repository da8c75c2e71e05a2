import { type KubeObject, objectKey, type ResourceRef } from '#shared/api';
import { createRng, QuorateError, type Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { orAborted } from './abort.ts';
import type { ApiClient, WatchEvent } from './api-client.ts';
import { listAll } from './list-all.ts';
import { IndexedStore, type Indexer, type ObjectStore } from './object-store.ts';

const retryBaseMs = 200;
const retryMaxMs = 5_000;
/** A watch that held for this long was a working one: the next failure starts from the beginning. */
const healthyMs = 1_000;

/** Called after the store has changed, in the order of the events. They must not throw. */
export interface InformerHandlers<T extends KubeObject> {
  added?(object: T): void;
  updated?(before: T, after: T): void;
  /** With the object as it was last seen. An object replaced by a namesake is deleted, then added. */
  deleted?(object: T): void;
  /** A list has taken the place of what was known; what came and went meanwhile was not seen. */
  listed?(): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly handlers?: InformerHandlers<T> | undefined;
  readonly indexers?: Readonly<Record<string, Indexer<T>>> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** For the jitter between retries; absent: seeded from the clock. */
  readonly rng?: Rng | undefined;
}

export interface Informer<T extends KubeObject> {
  readonly store: ObjectStore<T>;
  /** Resolves when the first list is in the store. Never rejects; pending for ever when stopped. */
  readonly synced: Promise<void>;
  /** Everything up to here is in the store; undefined while it has to be listed. */
  readonly resourceVersion: string | undefined;
  /** Further handlers; they first see what the store already holds, as added. */
  addHandlers(handlers: InformerHandlers<T>): void;
  start(): void;
  stop(): Promise<void>;
}

/**
 * A collection kept in memory: lists, then watches from the list's resourceVersion. A broken watch
 * is resumed after the last event seen, the first time at once and then with growing pauses of up to
 * 5 s; where that version is compacted away, a new list is compared with the store, so that handlers
 * see every object's last state though perhaps not every state on the way.
 */
export function createInformer<T extends KubeObject>(
  api: Pick<ApiClient, 'list' | 'watch'>,
  ref: ResourceRef,
  options: InformerOptions<T>,
): Informer<T> {
  return new ListWatch<T>(api, ref, options);
}

class ListWatch<T extends KubeObject> implements Informer<T> {
  readonly synced: Promise<void>;
  readonly #api: Pick<ApiClient, 'list' | 'watch'>;
  readonly #ref: ResourceRef;
  readonly #options: InformerOptions<T>;
  readonly #rng: Rng;
  readonly #store: IndexedStore<T>;
  readonly #handlers: InformerHandlers<T>[];
  readonly #stopping = new AbortController();
  readonly #resolveSynced: () => void;
  #running: Promise<void> | undefined;
  #resourceVersion: string | undefined;
  #failures = 0;

  constructor(
    api: Pick<ApiClient, 'list' | 'watch'>,
    ref: ResourceRef,
    options: InformerOptions<T>,
  ) {
    this.#api = api;
    this.#ref = ref;
    this.#options = options;
    this.#rng = options.rng ?? createRng(options.clock.now());
    this.#store = new IndexedStore(options.indexers);
    this.#handlers = options.handlers ? [options.handlers] : [];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
  }

  get store(): ObjectStore<T> {
    return this.#store;
  }

  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  addHandlers(handlers: InformerHandlers<T>): void {
    this.#handlers.push(handlers);
    for (const object of this.#store.list()) handlers.added?.(object);
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      try {
        const from = this.#resourceVersion ?? (await orAborted(this.#list(), signal));
        await this.#watch(from, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (QuorateError.is(thrown, 'expired')) this.#resourceVersion = undefined;
        const { resource } = this.#ref;
        log.debug({ resource, error: QuorateError.from(thrown).message }, 'watch interrupted');
      }
      if (clock.monotonic() - startedAt >= healthyMs) this.#failures = 0;
      // Aborted while waiting: the loop's condition ends it.
      await clock.sleep(this.#pauseMs(), signal).catch(() => undefined);
    }
  }

  #pauseMs(): number {
    const failures = this.#failures++;
    if (failures === 0) return 0;
    const ms = Math.min(retryMaxMs, retryBaseMs * 2 ** (failures - 1));
    return ms * (0.5 + this.#rng.next() / 2);
  }

  /** The whole collection, page by page; resolves with its resourceVersion. */
  async #list(): Promise<string> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const selected = { namespace, labelSelector, fieldSelector };
    const { items, resourceVersion } = await listAll<T>(this.#api, this.#ref, selected);
    const listed = new Map(items.map((object) => [objectKey(object), object]));
    if (!this.#stopping.signal.aborted) {
      this.#resourceVersion = resourceVersion;
      this.#replace(listed);
    }
    return resourceVersion;
  }

  #replace(listed: ReadonlyMap<string, T>): void {
    for (const key of this.#store.keys()) {
      if (!listed.has(key)) this.#remove(key, undefined);
    }
    for (const [key, object] of listed) this.#put(key, object);
    this.#notify((handlers) => handlers.listed?.());
    this.#resolveSynced();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const events = this.#api.watch<T>(this.#ref, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
      allowBookmarks: true,
      signal,
    });
    for await (const event of events) {
      if (signal.aborted) return;
      this.#failures = 0;
      this.#apply(event);
    }
  }

  #apply({ type, object }: WatchEvent<T>): void {
    const key = objectKey(object);
    if (type === 'DELETED') this.#remove(key, object);
    else if (type !== 'BOOKMARK') this.#put(key, object);
    this.#resourceVersion = object.metadata?.resourceVersion ?? this.#resourceVersion;
  }

  #put(key: string, object: T): void {
    let before = this.#store.get(key);
    if (before && before.metadata?.uid !== object.metadata?.uid) {
      this.#remove(key, undefined);
      before = undefined;
    }
    this.#store.set(key, object);
    if (!before) this.#notify((handlers) => handlers.added?.(object));
    else if (before.metadata?.resourceVersion !== object.metadata?.resourceVersion) {
      const known = before;
      this.#notify((handlers) => handlers.updated?.(known, object));
    }
  }

  #remove(key: string, last: T | undefined): void {
    const known = this.#store.get(key);
    if (!known) return;
    this.#store.delete(key);
    this.#notify((handlers) => handlers.deleted?.(last ?? known));
  }

  #notify(call: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of this.#handlers) {
      try {
        call(handlers);
      } catch (thrown) {
        // One handler's bug must not keep the others from what happened.
        this.#options.log.error({ error: thrown }, 'a handler of an informer threw');
      }
    }
  }
}
