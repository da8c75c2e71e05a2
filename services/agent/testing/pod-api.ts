import {
  findResource,
  type KubeObject,
  type Pod,
  refs,
  type ResourceRef,
  strategicMergePatch,
} from '#shared/api';
import { must, QuorateError } from '#shared/base';
import type { DeleteOptions, WatchEvent, WatchOptions } from '#shared/client';
import type { AgentApi } from '../server.ts';

const { schema } = must(findResource(refs.pods), 'pods');

type Listener = (resource: string, event: WatchEvent) => void;

/** As much of an API server as an agent meets, in memory: for tests of the agent alone. */
export class PodApi {
  readonly objects = new Map<string, KubeObject>();
  readonly events: string[] = [];
  /** Nodes as they asked to be registered. */
  readonly registered: KubeObject[] = [];
  readonly tokenRequests: object[] = [];
  /** How long tokens last, whatever is asked for. */
  tokenSeconds = 600;
  /** Every call fails while it is set. */
  down = false;
  #revision = 0;
  readonly #watches = new Set<Listener>();
  readonly #waiting: { check: () => boolean; resolve: () => void }[] = [];

  readonly client = {
    registerNode: (node: KubeObject) => {
      this.#check();
      this.registered.push(node);
      return Promise.resolve({ ...node, spec: { podCIDR: '127.70.1.0/24' } });
    },
    heartbeat: () => {
      this.#check();
      return Promise.resolve({ renewTime: '', unknownNode: false });
    },
    get: (ref: ResourceRef, name: string, namespace = '') => {
      this.#check();
      return Promise.resolve(this.#must(`${ref.resource}/${namespace}/${name}`));
    },
    list: (ref: ResourceRef) => {
      this.#check();
      const keys = [...this.objects.keys()].filter((key) => key.startsWith(`${ref.resource}/`));
      const items = keys.map((key) => this.#must(key));
      return Promise.resolve({ items, resourceVersion: String(this.#revision) });
    },
    watch: (ref: ResourceRef, options?: WatchOptions) => this.#watch(ref, options?.signal),
    createSubresource: (ref: ResourceRef, name: string, subresource: string, body: object) => {
      this.#check();
      const { spec } = body as { spec: object };
      this.tokenRequests.push({ account: name, ...spec });
      const token = `${ref.resource}/${name}/${subresource} ${this.tokenRequests.length}`;
      const given = { ...spec, expirationSeconds: this.tokenSeconds };
      return Promise.resolve({ ...body, spec: given, status: { token } });
    },
    create: (_ref: ResourceRef, object: KubeObject) => {
      this.#check();
      const { reason, message } = object as { reason?: string; message?: string };
      this.events.push(`${reason}: ${message}`);
      this.#wake();
      return Promise.resolve(object);
    },
    patch: (ref: ResourceRef, name: string, _type: string, patch: object, options: object) => {
      this.#check();
      if (ref.resource === 'events') return Promise.resolve({});
      const { namespace } = options as { namespace: string };
      const pod = this.#must(`pods/${namespace}/${name}`) as Pod;
      const { status } = patch as Pod;
      return Promise.resolve(this.put(strategicMergePatch(schema, pod, { status }) as Pod));
    },
    delete: (_ref: ResourceRef, name: string, options: DeleteOptions) => {
      this.#check();
      const key = `pods/${options.namespace}/${name}`;
      const object = this.#must(key);
      this.remove(key);
      return Promise.resolve({ object, gone: true });
    },
  } as unknown as AgentApi;

  /** Stores a pod, or something else, and tells the watches. */
  put<T extends KubeObject = Pod>(object: T, resource = 'pods'): T {
    const { metadata: given = {} } = object;
    const key = `${resource}/${given.namespace ?? ''}/${given.name}`;
    const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED';
    const metadata = { ...given, resourceVersion: String(++this.#revision) };
    const stored = { ...object, metadata };
    this.objects.set(key, stored);
    this.#tell(resource, { type, object: stored });
    return stored;
  }

  remove(key: string): void {
    const object = this.#must(key);
    this.objects.delete(key);
    this.#tell(key.split('/')[0] ?? '', { type: 'DELETED', object });
  }

  pod(name: string): Pod | undefined {
    return this.objects.get(`pods/default/${name}`);
  }

  /** Resolves when it is true, looked at after every change. */
  until(check: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ check, resolve });
    this.#wake();
    return promise;
  }

  #must(key: string): KubeObject {
    const object = this.objects.get(key);
    if (!object) throw new QuorateError('not-found', `${key} not found`);
    return object;
  }

  #check(): void {
    if (this.down) throw new QuorateError('unavailable', 'no API server');
  }

  #tell(resource: string, event: WatchEvent): void {
    for (const listener of this.#watches) listener(resource, event);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiting.slice()) {
      if (!waiter.check()) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }

  async *#watch(
    ref: ResourceRef,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<WatchEvent, void> {
    const queue: WatchEvent[] = [];
    let wake: () => void = () => undefined;
    const listener: Listener = (resource, event) => {
      if (resource !== ref.resource) return;
      queue.push(event);
      wake();
    };
    this.#watches.add(listener);
    signal?.addEventListener('abort', () => wake());
    try {
      for (;;) {
        if (signal?.aborted) return;
        const event = queue.shift();
        if (event) yield event;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#watches.delete(listener);
    }
  }
}
