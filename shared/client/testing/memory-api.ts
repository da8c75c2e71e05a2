import {
  equalJson,
  findResource,
  type KindInfo,
  type KubeObject,
  mergePatch,
  type ObjectMeta,
  objectKey,
  type ResourceRef,
  resources,
  strategicMergePatch,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type {
  ApiClient,
  DeleteOptions,
  DeleteResult,
  ListOptions,
  WatchEvent,
  WatchEventType,
  WatchOptions,
  WriteOptions,
} from '../api-client.ts';

interface Change {
  readonly collection: string;
  readonly revision: number;
  readonly event: WatchEvent;
}

type Body = KubeObject & Record<string, unknown>;

const collectionOf = ({ group, resource }: ResourceRef): string =>
  group === '' ? resource : `${resource}.${group}`;

/**
 * An API server's behaviour towards controllers in a few lines, for unit tests of clients: versions,
 * conflicts, status apart from spec, finalizers, watches. No validation, no defaults, no selectors.
 */
export class MemoryApi implements ApiClient {
  /** Every write that changed something: `create pods default/x`, `patch pods/status default/x`. */
  readonly writes: string[] = [];
  /** Thrown by the next calls, one each. */
  readonly failures: QuorateError[] = [];
  readonly #clock: Clock;
  readonly #collections = new Map<string, Map<string, Body>>();
  readonly #changes: Change[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #held = new Set<string>();
  #revision = 0;
  #compacted = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts an object as it is, as if it had been there before. */
  seed<T extends KubeObject>(ref: ResourceRef, object: T): T {
    const metadata = { uid: `uid-${++this.#revision}`, ...object.metadata };
    const type = this.#collection(ref).has(objectKey({ metadata })) ? 'MODIFIED' : 'ADDED';
    return this.#store(ref, { ...object, metadata }, type) as KubeObject as T;
  }

  /** Forgets the changes so far: watches from before end with `expired`. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#changes.length = 0;
  }

  /** Watches of a resource show nothing new until the result is called. */
  hold(ref: ResourceRef): () => void {
    this.#held.add(collectionOf(ref));
    return () => {
      this.#held.delete(collectionOf(ref));
      this.#wake();
    };
  }

  /** Breaks every watch. */
  disconnect(): void {
    this.#broken++;
    this.#wake();
  }
  #broken = 0;

  all<T extends KubeObject>(ref: ResourceRef): T[] {
    return [...this.#collection(ref).values()] as KubeObject[] as T[];
  }

  kinds(): Promise<readonly KindInfo[]> {
    return Promise.resolve(resources);
  }

  async get<T extends KubeObject>(ref: ResourceRef, name: string, namespace = ''): Promise<T> {
    await this.#turn();
    return this.#find(ref, name, namespace) as KubeObject as T;
  }

  async list<T extends KubeObject>(ref: ResourceRef, { namespace }: ListOptions = {}) {
    await this.#turn();
    const items = this.all<T>(ref).filter(
      ({ metadata }) => !namespace || metadata?.namespace === namespace,
    );
    return { items, resourceVersion: String(this.#revision) };
  }

  async *watch<T extends KubeObject>(
    ref: ResourceRef,
    { resourceVersion = '0', signal }: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void> {
    const collection = collectionOf(ref);
    const broken = this.#broken;
    let seen = Number(resourceVersion);
    for (;;) {
      if (signal?.aborted) return;
      if (seen < this.#compacted) throw new QuorateError('expired', 'compacted');
      if (broken !== this.#broken) throw new QuorateError('unavailable', 'disconnected');
      const next = this.#changes.find(
        (change) =>
          change.revision > seen && change.collection === collection && !this.#held.has(collection),
      );
      if (next) {
        seen = next.revision;
        yield next.event as WatchEvent<T>;
      } else await this.#changed(signal);
    }
  }

  async create<T extends KubeObject>(ref: ResourceRef, object: T, options: WriteOptions = {}) {
    await this.#turn();
    const suffix = (this.#revision + 1).toString(36).padStart(5, 'x');
    const name = object.metadata?.name ?? `${object.metadata?.generateName ?? ''}${suffix}`;
    const namespace = options.namespace ?? object.metadata?.namespace;
    const metadata: ObjectMeta = {
      ...object.metadata,
      ...(namespace !== undefined && { namespace }),
      name,
      uid: `uid-${this.#revision + 1}`,
      generation: 1,
      creationTimestamp: this.#timestamp(),
    };
    if (this.#collection(ref).has(objectKey({ metadata }))) {
      throw new QuorateError('already-exists', `"${name}" already exists`);
    }
    this.#record('create', ref, metadata, options);
    return this.#store(ref, { ...object, metadata }, 'ADDED') as KubeObject as T;
  }

  async createSubresource<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    subresource: string,
    body: KubeObject,
    options: WriteOptions = {},
  ): Promise<T> {
    await this.#turn();
    const target = (body as { target?: { name?: string } }).target?.name;
    const pod = this.#find(ref, name, options.namespace ?? '');
    this.#record('create', ref, pod.metadata ?? {}, { ...options, subresource });
    const bound = { ...pod, spec: { ...(pod['spec'] as object), nodeName: target } };
    return this.#store(ref, bound, 'MODIFIED') as KubeObject as T;
  }

  async update<T extends KubeObject>(ref: ResourceRef, object: T, options: WriteOptions = {}) {
    await this.#turn();
    const { name = '', namespace = '', resourceVersion } = object.metadata ?? {};
    const before = this.#find(ref, name, namespace);
    if (resourceVersion !== undefined && resourceVersion !== before.metadata?.resourceVersion) {
      throw new QuorateError('conflict', `"${name}" has been modified`);
    }
    return this.#replace(ref, before, object as Body, 'update', options) as KubeObject as T;
  }

  async patch<T extends KubeObject>(
    ...[ref, name, type, patch, options = {}]: Parameters<ApiClient['patch']>
  ): Promise<T> {
    await this.#turn();
    const before = this.#find(ref, name, options.namespace ?? '');
    const schema = type === 'strategic' ? findResource(ref)?.schema : undefined;
    const after = (
      schema ? strategicMergePatch(schema, before, patch) : mergePatch(before, patch)
    ) as Body;
    const asked = (patch as KubeObject).metadata?.resourceVersion;
    if (asked !== undefined && asked !== before.metadata?.resourceVersion) {
      throw new QuorateError('conflict', `"${name}" has been modified`);
    }
    return this.#replace(ref, before, after, 'patch', options) as KubeObject as T;
  }

  async delete<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    options: DeleteOptions = {},
  ): Promise<DeleteResult<T>> {
    await this.#turn();
    const before = this.#find(ref, name, options.namespace ?? '');
    if (options.uid !== undefined && options.uid !== before.metadata?.uid) {
      throw new QuorateError('conflict', 'the UID in the precondition does not match');
    }
    const { resourceVersion } = options;
    if (resourceVersion !== undefined && resourceVersion !== before.metadata?.resourceVersion) {
      throw new QuorateError('conflict', 'the ResourceVersion in the precondition does not match');
    }
    const kept = before.metadata?.finalizers ?? [];
    const wait = { foreground: ['foregroundDeletion'], orphan: ['orphan'], background: [] };
    const finalizers = [...new Set([...kept, ...wait[options.propagation ?? 'background']])];
    const graceful =
      ref.resource === 'pods' &&
      options.gracePeriodSeconds !== 0 &&
      (before['spec'] as { nodeName?: string } | undefined)?.nodeName !== undefined;
    if (finalizers.length === 0 && !graceful && !isHeld(before)) {
      this.#record('delete', ref, before.metadata ?? {}, options);
      this.#remove(ref, before);
      return { object: before as KubeObject as T, gone: true };
    }
    const deletionTimestamp = before.metadata?.deletionTimestamp ?? this.#timestamp();
    const deletionGracePeriodSeconds = graceful ? 30 : 0;
    const metadata = {
      ...before.metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds,
      finalizers,
    };
    if (JSON.stringify(metadata) !== JSON.stringify(before.metadata)) {
      this.#record('delete', ref, metadata, options);
      this.#store(ref, { ...before, metadata }, 'MODIFIED');
    }
    return { object: before as KubeObject as T, gone: false };
  }

  async campaign({ election, identity, leaseSeconds }: Parameters<ApiClient['campaign']>[0]) {
    await this.#turn();
    return { elected: true, leader: { election, identity, leaseSeconds, token: 1 } };
  }

  async renew(): Promise<void> {
    await this.#turn();
  }

  async resign(): Promise<void> {
    await this.#turn();
  }

  async *logs(): AsyncGenerator<Uint8Array, void> {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #turn(): Promise<void> {
    await Promise.resolve();
    const failure = this.failures.shift();
    if (failure) throw failure;
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  #collection(ref: ResourceRef): Map<string, Body> {
    const name = collectionOf(ref);
    const found = this.#collections.get(name) ?? new Map<string, Body>();
    this.#collections.set(name, found);
    return found;
  }

  #find(ref: ResourceRef, name: string, namespace: string): Body {
    const found = this.#collection(ref).get(objectKey({ metadata: { name, namespace } }));
    if (found) return found;
    throw new QuorateError('not-found', `${collectionOf(ref)} "${name}" not found`);
  }

  #replace(ref: ResourceRef, before: Body, after: Body, verb: string, options: WriteOptions): Body {
    const status = options.subresource === 'status';
    const content = status ? before : after;
    const next: Body = {
      ...content,
      ...((status ? after : before)['status'] === undefined
        ? {}
        : { status: (status ? after : before)['status'] }),
      metadata: { ...before.metadata, ...(status ? before : after).metadata },
    };
    const { resourceVersion } = before.metadata ?? {};
    if (resourceVersion !== undefined && next.metadata) {
      next.metadata.resourceVersion = resourceVersion;
    }
    if (equalJson(before, next)) return before;
    if (!equalJson(before['spec'], next['spec']) && next.metadata) {
      next.metadata.generation = (before.metadata?.generation ?? 0) + 1;
    }
    this.#record(verb, ref, next.metadata ?? {}, options);
    const { deletionTimestamp, finalizers = [] } = next.metadata ?? {};
    const free = finalizers.length === 0 && !isHeld(next);
    const ended = ref.resource !== 'pods' || next.metadata?.deletionGracePeriodSeconds === 0;
    if (deletionTimestamp !== undefined && free && ended) {
      this.#remove(ref, next);
      return next;
    }
    return this.#store(ref, next, 'MODIFIED');
  }

  #record(verb: string, ref: ResourceRef, metadata: ObjectMeta, options: WriteOptions): void {
    const where = options.subresource ? `${ref.resource}/${options.subresource}` : ref.resource;
    this.writes.push(`${verb} ${where} ${objectKey({ metadata })}`);
  }

  #store(ref: ResourceRef, object: KubeObject, type: WatchEventType): Body {
    const revision = ++this.#revision;
    const metadata = { ...object.metadata, resourceVersion: String(revision) };
    const stored: Body = { ...object, metadata };
    this.#collection(ref).set(objectKey(stored), stored);
    this.#publish(ref, type, stored);
    return stored;
  }

  #remove(ref: ResourceRef, object: Body): void {
    this.#collection(ref).delete(objectKey(object));
    const metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.#publish(ref, 'DELETED', { ...object, metadata });
  }

  #publish(ref: ResourceRef, type: WatchEventType, object: Body): void {
    const collection = collectionOf(ref);
    this.#changes.push({ collection, revision: this.#revision, event: { type, object } });
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }

  #changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

/** A namespace is held by finalizers of its spec. */
function isHeld(object: Body): boolean {
  const { finalizers = [] } = (object['spec'] ?? {}) as { finalizers?: string[] };
  return finalizers.length > 0;
}
