import {
  type Deployment,
  type EndpointSlice,
  getControllerOf,
  type KubeObject,
  type Lease,
  type Namespace,
  type Node,
  type Pod,
  qualifiedResource,
  type ReplicaSet,
  type ResourceRef,
  refs,
  type Service,
} from '#shared/api';
import type { Rng } from '#shared/base';
import {
  type ApiClient,
  createInformer,
  type Indexer,
  type Informer,
  type ObjectStore,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';

/** Indexes of every shared store. */
export const byOwner = 'owner';
const byController = 'controller';
const byNode = 'node';

interface InformerParts {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rng: Rng;
}

/** One informer per kind for all controllers: each object is decoded and kept once. */
export class SharedInformers {
  readonly #parts: InformerParts;
  readonly #informers = new Map<string, Informer<KubeObject>>();

  constructor(options: InformerParts) {
    this.#parts = options;
  }

  /** The kind's informer; made when first asked for, which has to be before `start`. */
  of<T extends KubeObject>(ref: ResourceRef): Informer<T> {
    const name = qualifiedResource(ref);
    const known = this.#informers.get(name);
    if (known) return known as Informer<T>;
    const { api, clock, log, rng } = this.#parts;
    const informer = createInformer<T>(api, ref, {
      clock,
      log,
      rng,
      indexers: { [byOwner]: ownerUids, [byController]: controllerKey, [byNode]: nodeNames },
    });
    this.#informers.set(name, informer);
    return informer;
  }

  get pods(): Informer<Pod> {
    return this.of(refs.pods);
  }
  get nodes(): Informer<Node> {
    return this.of(refs.nodes);
  }
  get leases(): Informer<Lease> {
    return this.of(refs.leases);
  }
  get replicaSets(): Informer<ReplicaSet> {
    return this.of(refs.replicaSets);
  }
  get deployments(): Informer<Deployment> {
    return this.of(refs.deployments);
  }
  get services(): Informer<Service> {
    return this.of(refs.services);
  }
  get endpointSlices(): Informer<EndpointSlice> {
    return this.of(refs.endpointSlices);
  }
  get namespaces(): Informer<Namespace> {
    return this.of(refs.namespaces);
  }

  /** Resolves when every informer holds its first list. */
  async start(): Promise<void> {
    const informers = [...this.#informers.values()];
    for (const informer of informers) informer.start();
    await Promise.all(informers.map((informer) => informer.synced));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.stop()));
  }
}

const ownerUids: Indexer<KubeObject> = (object) =>
  (object.metadata?.ownerReferences ?? []).map(({ uid }) => uid);

/** The controller's uid, or for objects without one a key per namespace. */
const controllerKey: Indexer<KubeObject> = (object) => [
  getControllerOf(object)?.uid ?? orphanKey(object.metadata?.namespace),
];

const orphanKey = (namespace: string | undefined): string => `orphans/${namespace ?? ''}`;

const nodeNames: Indexer<KubeObject> = (object) => {
  const { nodeName } = (object as Pod).spec ?? {};
  return nodeName ? [nodeName] : [];
};

export function controlledBy<T extends KubeObject>(
  store: ObjectStore<T>,
  owner: KubeObject,
): readonly T[] {
  return store.byIndex(byController, owner.metadata?.uid ?? '');
}

/** Objects of a namespace that no controller manages. */
export function orphansIn<T extends KubeObject>(
  store: ObjectStore<T>,
  namespace: string | undefined,
): readonly T[] {
  return store.byIndex(byController, orphanKey(namespace));
}

export function podsOnNode(store: ObjectStore<Pod>, node: string): readonly Pod[] {
  return store.byIndex(byNode, node);
}
