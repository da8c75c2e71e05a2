import {
  type ConfigMap,
  type KubeObject,
  type Node,
  type Pod,
  refs,
  type ResourceRef,
} from '#shared/api';
import { assertNever, must, QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import type { UserStep } from '../plan/plan.ts';
import { configMap, daemonSet, deployment, job, service, statefulSet } from './manifests.ts';

export interface UserWorld {
  readonly api: ApiClient;
  readonly nodes: readonly string[];
  readonly sleep: (ms: number) => Promise<void>;
  /** How often this counter was counted up for sure, and how often perhaps. */
  readonly counted: (name: string, sure: boolean) => void;
}

const namespace = 'default';
const apps = ['web', 'api', 'db', 'queue'];
const workloads = [refs.deployments, refs.statefulSets, refs.jobs] as const;

/** What clients of a cluster that breaks have to live with. */
const everyday = [
  'unavailable',
  'deadline-exceeded',
  'canceled',
  'conflict',
  'not-found',
  'already-exists',
  // The namespace has no service account yet.
  'forbidden',
  'resource-exhausted',
] as const;

/** Somebody with kubectl. Takes steps one after the other. */
export class User {
  readonly #number: number;
  readonly #world: UserWorld;
  #jobs = 0;

  constructor(number: number, world: UserWorld) {
    this.#number = number;
    this.#world = world;
  }

  async run(steps: readonly UserStep[]): Promise<void> {
    for (const step of steps) {
      await this.#world.sleep(step.afterMs);
      try {
        await this.#take(step);
      } catch (thrown) {
        if (!QuorateError.is(thrown, ...everyday)) throw thrown;
      }
    }
  }

  async #take({ kind, pick }: UserStep): Promise<void> {
    const app = must(apps[pick % apps.length], 'an app');
    const { api } = this.#world;
    switch (kind) {
      case 'deployment':
        return this.#apply(refs.deployments, deployment(app, pick));
      case 'statefulset':
        return this.#apply(refs.statefulSets, statefulSet(`${app}-set`, pick));
      case 'daemonset':
        return this.#apply(refs.daemonSets, daemonSet('everywhere', pick));
      case 'job':
        await api.create(refs.jobs, job(`job-${this.#number}-${++this.#jobs}`, pick), {
          namespace,
        });
        return;
      case 'service':
        return this.#apply(refs.services, service(pick % 3 === 0 ? `${app}-set` : app));
      case 'scale':
        return this.#patchWorkload(pick, { spec: { replicas: pick % 6 } });
      case 'restart': {
        const annotations = { restarted: String(pick) };
        return this.#patchWorkload(pick, { spec: { template: { metadata: { annotations } } } });
      }
      case 'count':
        return this.#count(`counter-${pick % 2}`);
      case 'dependent':
        return this.#dependent(pick);
      case 'delete-owner':
        return this.#delete(refs.configMaps, `owner-${pick % 3}`, pick);
      case 'delete-workload':
        return this.#deleteOne(must(workloads[pick % workloads.length], 'a kind'), pick);
      case 'delete-pod':
        return this.#deleteOne(refs.pods, pick);
      case 'cordon':
      case 'uncordon':
        return this.#cordon(this.#node(pick), kind === 'cordon');
      case 'drain':
        return this.#drain(this.#node(pick));
      case 'move':
        return;
      default:
        assertNever(kind, 'step');
    }
  }

  #node(pick: number): string {
    const { nodes } = this.#world;
    return must(nodes[pick % nodes.length], 'a node');
  }

  /** Read, change, write: as of `kubectl apply` on the client's side. */
  async #apply(ref: ResourceRef, object: KubeObject): Promise<void> {
    const { api } = this.#world;
    const name = object.metadata?.name ?? '';
    try {
      const { metadata } = await api.get(ref, name, namespace);
      const { resourceVersion } = metadata ?? {};
      const updated = { ...object, metadata: { ...metadata, ...object.metadata, resourceVersion } };
      if (ref === refs.services) return;
      await api.update(ref, updated as KubeObject, { namespace });
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      await api.create(ref, object, { namespace });
    }
  }

  async #patchWorkload(pick: number, patch: object): Promise<void> {
    const app = must(apps[pick % apps.length], 'an app');
    const [ref, name] =
      pick % 3 === 0 ? [refs.statefulSets, `${app}-set`] : [refs.deployments, app];
    await this.#world.api.patch(ref, name, 'merge', patch, { namespace });
  }

  /** One up, if nobody else was faster: none may get lost. */
  async #count(name: string): Promise<void> {
    const { api, counted } = this.#world;
    try {
      const before = await api.get<ConfigMap>(refs.configMaps, name, namespace);
      const data = { n: String(Number(before.data?.['n'] ?? 0) + 1) };
      await api.update(refs.configMaps, { ...before, data }, { namespace });
      counted(name, true);
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found')) {
        await api.create(refs.configMaps, configMap(name, { n: '0' }), { namespace });
        return;
      }
      // A conflict may be with oneself, where the request was sent twice.
      if (QuorateError.is(thrown)) counted(name, false);
      throw thrown;
    }
  }

  /** A ConfigMap that goes when its owner does. */
  async #dependent(pick: number): Promise<void> {
    const { api } = this.#world;
    const name = `owner-${pick % 3}`;
    const owner = await api
      .get<ConfigMap>(refs.configMaps, name, namespace)
      .catch((thrown: unknown) => {
        if (!QuorateError.is(thrown, 'not-found')) throw thrown;
        return api.create(refs.configMaps, configMap(name, {}), { namespace });
      });
    const { uid = '' } = owner.metadata ?? {};
    const dependent = configMap(`dependent-${pick % 7}`, {});
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
    const metadata = { ...dependent.metadata, ownerReferences };
    await api.create(refs.configMaps, { ...dependent, metadata }, { namespace });
  }

  async #deleteOne(ref: ResourceRef, pick: number): Promise<void> {
    const { items } = await this.#world.api.list(ref, { namespace });
    const name = items[pick % Math.max(1, items.length)]?.metadata?.name;
    if (name !== undefined) await this.#delete(ref, name, pick);
  }

  async #delete(ref: ResourceRef, name: string, pick: number): Promise<void> {
    const propagation = (['background', 'background', 'foreground', 'orphan'] as const)[pick % 4];
    const pods = ref === refs.pods;
    await this.#world.api.delete(ref, name, { namespace, ...(!pods && { propagation }) });
  }

  async #cordon(node: string, unschedulable: boolean): Promise<void> {
    const patch = { spec: { unschedulable: unschedulable ? true : null } };
    await this.#world.api.patch<Node>(refs.nodes, node, 'merge', patch);
  }

  async #drain(node: string): Promise<void> {
    const { api } = this.#world;
    await this.#cordon(node, true);
    const { items } = await api.list<Pod>(refs.pods, { fieldSelector: `spec.nodeName=${node}` });
    for (const { metadata: { name = '' } = {} } of items) {
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
      };
      await api.createSubresource(refs.pods, name, 'eviction', eviction, { namespace });
    }
  }
}
