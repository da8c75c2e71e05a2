import type { Duplex } from 'node:stream';
import type { Rng } from '#shared/base';
import { type KubeObject, methodNotSupported, type Resource } from '#shared/api';
import type {
  CommandCall,
  CommandOptions,
  DeleteOptions,
  DeleteResult,
  ExecOptions,
  ForwardCall,
  ListOptions,
  LogOptions,
  ObjectList,
  PatchType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '#shared/client';
import type { AdmissionChain } from '../admission/chain.ts';
import type { Operation } from '../admission/plugin.ts';
import type { User } from '../auth/user.ts';
import { agentOfNode, backendOfPod, backendOfService, parseProxyName } from '../pods/backends.ts';
import { callStream } from '../pods/call-stream.ts';
import type { PodAccess } from '../pods/pod-access.ts';
import type { ApplyOptions } from '../registry/apply.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { Gated } from '../registry/gate.ts';
import type { Registry } from '../registry/registry.ts';
import type { WatchCache } from '../watch/watch-cache.ts';
import type { Creators } from './creators.ts';
import type { Place } from './place.ts';
import type { Reader, Readers } from './readers.ts';

export interface CallDeps {
  readonly kinds: KindTable;
  readonly registry: Registry;
  readonly watches: WatchCache;
  readonly pods: PodAccess;
  readonly creators: Creators;
  readonly readers: Readers;
  readonly admission: AdmissionChain;
  /** For the choice of a service's pod. */
  readonly rng: Rng;
}

/**
 * A request that may be made: who makes it and what it is about were authorized, and its verbs go
 * nowhere else. Only `Requests` makes one, for one verb.
 */
export class Call {
  readonly user: User;
  readonly place: Place;
  readonly #deps: CallDeps;

  constructor(deps: CallDeps, user: User, place: Place) {
    this.#deps = deps;
    this.user = user;
    this.place = place;
  }

  /** Throws `not-found` where no such collection is served. */
  get resource(): Resource {
    return this.#deps.kinds.find(this.place.ref);
  }

  get(): Promise<KubeObject> {
    const { name, namespace, subresource } = this.place;
    if (this.#reader) return this.#reader.get(this.place);
    return this.#deps.registry.get(this.resource, name, namespace, subresource);
  }

  list(options: ListOptions): Promise<ObjectList> {
    if (this.#reader) return this.#reader.list(this.#within(options));
    return this.#deps.registry.list(this.resource, this.#within(options));
  }

  watch(options: WatchOptions): AsyncIterable<WatchEvent> {
    return this.#deps.watches.watch(this.resource, this.#within(options));
  }

  logs(options: LogOptions): AsyncIterable<Uint8Array> {
    const { name, namespace } = this.place;
    return this.#deps.pods.log(namespace, name, options);
  }

  exec(options: ExecOptions): Promise<CommandCall> {
    const { name, namespace } = this.place;
    return this.#deps.pods.exec(namespace, name, options);
  }

  attach(options: CommandOptions): Promise<CommandCall> {
    const { name, namespace } = this.place;
    return this.#deps.pods.attach(namespace, name, options);
  }

  /** One connection to one of the pod's ports. */
  forward(port: number, signal?: AbortSignal): Promise<ForwardCall> {
    const { name, namespace } = this.place;
    return this.#deps.pods.forward(namespace, name, port, signal);
  }

  /** One connection to what the name of a proxy means: a port of a pod, or a node's agent. */
  async connect(signal?: AbortSignal): Promise<{ scheme: string; transport: Duplex }> {
    const { ref, name, namespace } = this.place;
    const to = parseProxyName(name);
    if (ref.resource === 'nodes') {
      const node = await agentOfNode(this.#deps, to);
      // The connection is encrypted already.
      return { scheme: 'http', transport: await this.#deps.pods.connect(node) };
    }
    const find = ref.resource === 'services' ? backendOfService : backendOfPod;
    const { pod, port } = await find(this.#deps, namespace, to);
    const connection = await this.#deps.pods.forward(namespace, pod, port, signal);
    return { scheme: to.scheme, transport: callStream(connection) };
  }

  async create(body: unknown, given: WriteOptions): Promise<KubeObject> {
    const { resource, user } = this;
    const { name, namespace, subresource } = this.place;
    const options = this.#gated('create', this.#asWriter(this.#within(given)));
    const id = `${resource.group}/${resource.resource}`;
    const creator = this.#deps.creators[subresource === '' ? id : `${id}/${subresource}`];
    if (creator) {
      // Not read yet: whoever judges it may rely on nothing in it.
      await options.gate?.validate(body as KubeObject | undefined, undefined);
      return creator({ user, resource, namespace, name, body, options });
    }
    if (subresource === '') return this.#deps.registry.create(resource, body, options);
    const view = { ...resource, resource: `${resource.resource}/${subresource}` };
    throw methodNotSupported(view, 'create');
  }

  update(body: unknown, options: WriteOptions): Promise<KubeObject> {
    return this.#deps.registry.update(
      this.resource,
      this.place.name,
      body,
      this.#gated('update', this.#withinView(options)),
    );
  }

  patch(type: PatchType, patch: unknown, options: WriteOptions): Promise<KubeObject> {
    const { name } = this.place;
    const within = this.#gated('update', this.#withinView(options));
    return this.#deps.registry.patch(this.resource, name, type, patch, within);
  }

  /** Server-side apply; creating takes the right to create as well. */
  apply(
    config: unknown,
    options: ApplyOptions,
  ): Promise<{ readonly object: KubeObject; readonly created: boolean }> {
    const { name } = this.place;
    const { namespace, subresource } = this.place;
    const within = {
      ...this.#gated('update', { ...options, namespace, subresource }),
      createGate: this.#gated('create', options).gate,
    };
    return this.#deps.registry.apply(this.resource, name, config, within);
  }

  delete(options: DeleteOptions): Promise<DeleteResult> {
    const within = this.#gated('delete', this.#within(options));
    return this.#deps.registry.delete(this.resource, this.place.name, within);
  }

  deleteCollection(selection: ListOptions, options: DeleteOptions): Promise<ObjectList> {
    const gated = this.#gated('delete', options);
    return this.#deps.registry.deleteCollection(this.resource, this.#within(selection), gated);
  }

  /** Where this is a kind that is not stored. */
  get #reader(): Reader | undefined {
    return this.#deps.readers[`${this.place.ref.group}/${this.place.ref.resource}`];
  }

  /** Whatever the options say: the place that was authorized. */
  #within<T extends object>(options: T): T & { readonly namespace: string } {
    return { ...options, namespace: this.place.namespace };
  }

  /** With what admission has to say. */
  #gated<T extends { dryRun?: boolean | undefined }>(operation: Operation, options: T): T & Gated {
    const { user, resource } = this;
    const { namespace, name, subresource } = this.place;
    const dryRun = options.dryRun === true;
    const place = { namespace, name, subresource };
    const gate = this.#deps.admission.gate({ user, operation, resource, ...place, dryRun });
    return { ...options, gate };
  }

  /** A write by whoever says nothing of a field manager is its user's. */
  #asWriter<T extends WriteOptions>(options: T): T {
    const fieldManager = options.fieldManager || managerOf(this.user);
    return { ...options, fieldManager };
  }

  #withinView(options: WriteOptions): WriteOptions {
    const { subresource } = this.place;
    return this.#asWriter({ ...this.#within(options), subresource });
  }
}

/** `system:kube-scheduler` is kube-scheduler. */
const managerOf = ({ name }: User): string => name.replace(/^system:/, '').split(':')[0] ?? name;
