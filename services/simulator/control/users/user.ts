import {
  type ConfigMap,
  type Job,
  type KubeObject,
  type Pod,
  refs,
  type ResourceRef,
} from '#shared/api';
import { assertNever, must, QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import type { ApplyApi } from '#services/apiserver';
import type { UserStep } from '../plan/plan.ts';
import { Dice } from './dice.ts';
import { apps, firstExtra, ownersOf, zoneKey, zones } from './extras.ts';
import { isHouseStep, keepHouse } from './housekeeper.ts';
import { Kubectl } from './kubectl.ts';
import {
  budget,
  configMap,
  cronJob,
  daemonSet,
  dependentOf,
  deployment,
  job,
  lonePod,
  namespaceObject,
  quota,
  service,
  statefulSet,
} from './manifests.ts';
import { Reader } from './reader.ts';
import { isStorageStep, store } from './storage.ts';
import { firstSorts, polite, rankKey, taintKey } from './sorts.ts';
import { propagations, workloads } from './ways.ts';

export interface UserWorld {
  readonly api: ApiClient & ApplyApi;
  readonly nodes: readonly string[];
  readonly sleep: (ms: number) => Promise<void>;
  /** What was not done by then is left. */
  readonly isOver: () => boolean;
  /** This pod is removed without waiting for its containers. */
  readonly forced: (uid: string) => void;
  /** This node is to take pods, or not to. */
  readonly cordons: (node: string, unschedulable: boolean) => void;
  /** How often this counter was counted up for sure, and how often perhaps. */
  readonly counted: (name: string, sure: boolean) => void;
}

const namespace = 'default';
const daemons = 'everywhere';
const nameOf = ({ metadata }: KubeObject): string => metadata?.name ?? '';

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
  // What somebody goes on from has been compacted.
  'expired',
] as const;

/** Somebody with kubectl. Takes steps one after the other. */
export class User {
  readonly #number: number;
  readonly #world: UserWorld;
  readonly #kubectl: Kubectl;
  readonly #reader: Reader;
  readonly #seen: { readonly ref: ResourceRef; readonly name: string; readonly uid: string }[] = [];
  #jobs = 0;

  constructor(number: number, world: UserWorld) {
    this.#number = number;
    this.#world = world;
    this.#kubectl = new Kubectl(world.api);
    this.#reader = new Reader(world);
  }

  async run(steps: readonly UserStep[]): Promise<void> {
    for (const step of steps) {
      await this.#world.sleep(step.afterMs);
      if (this.#world.isOver()) return;
      try {
        await this.#take(step);
      } catch (thrown) {
        if (!QuorateError.is(thrown, ...everyday)) throw thrown;
      }
    }
  }

  async #take({ kind, pick }: UserStep): Promise<void> {
    const kubectl = this.#kubectl;
    const app = must(apps[pick % apps.length], 'an app');
    if (isHouseStep(kind)) return keepHouse(this.#world.api, kind, pick);
    if (isStorageStep(kind)) return store(this.#world.api, kubectl, kind, pick);
    if (kind === 'classes' || pick >= firstSorts)
      await kubectl.findOrCreate(refs.priorityClasses, polite, '');
    switch (kind) {
      case 'classes':
        return;
      case 'deployment':
      case 'statefulset':
      case 'daemonset':
      case 'job':
      case 'service':
      case 'budget':
        return this.#apply(kind, app, pick);
      case 'scale':
        return this.#patchWorkload(pick, { spec: { replicas: pick % 6 } });
      case 'restart': {
        const annotations = { restarted: String(pick) };
        const patch = { spec: { template: { metadata: { annotations } } } };
        if (pick < firstExtra || app !== 'queue') return this.#patchWorkload(pick, patch);
        await this.#world.api.patch(refs.daemonSets, daemons, 'merge', patch, { namespace });
        return;
      }
      case 'count':
        return this.#count(`counter-${pick % 2}`);
      case 'dependent':
        return this.#dependent(pick, namespace);
      case 'list':
        return this.#reader.list(pick);
      case 'pages':
        return this.#reader.pages(pick);
      case 'watch-past':
        return this.#reader.watchPast(pick);
      case 'suspend':
        return this.#suspend(pick);
      case 'delete-workload':
      case 'delete-service':
      case 'delete-owner':
      case 'delete-pod':
      case 'force-delete':
        return this.#delete(kind, pick);
      case 'pod':
        await this.#world.api.create(refs.pods, lonePod(`lone-${pick % 7}`, pick), { namespace });
        return;
      case 'release':
        return kubectl.release(namespace);
      case 'recreate':
        return this.#recreate(app, pick);
      case 'replace-owner':
        await kubectl.delete(refs.configMaps, `owner-${pick % 3}`, namespace);
        return this.#dependent(pick, namespace);
      case 'replace-job':
        return this.#replaceJob(pick);
      case 'relabel':
        return this.#relabel(app, pick);
      case 'cordon':
      case 'uncordon':
        this.#world.cordons(this.#node(pick), kind === 'cordon');
        return kubectl.cordon(this.#node(pick), kind === 'cordon');
      case 'taint': {
        const effect = pick % 2 === 0 ? 'NoSchedule' : 'NoExecute';
        return kubectl.taint(this.#node(pick), taintKey, effect);
      }
      case 'untaint':
        return kubectl.untaint(this.#node(pick), taintKey);
      case 'admit':
        return kubectl.untaint(this.#node(pick), taintKey, 'NoSchedule');
      case 'rezone':
        return pick < firstSorts
          ? kubectl.label(this.#node(pick), zoneKey, pick % 3 === 0 ? null : zones[pick % 2])
          : kubectl.label(this.#node(pick), rankKey, String(pick % 4));
      case 'delete-node':
        await this.#world.api.delete(refs.nodes, this.#node(pick));
        return;
      case 'evict': {
        const pod = await kubectl.any<Pod>(refs.pods, pick, namespace);
        return pod && kubectl.evict(pod);
      }
      case 'drain':
        this.#world.cordons(this.#node(pick), true);
        return kubectl.drain(this.#node(pick));
      case 'namespace':
        return this.#namespace(`team-${pick % 2}`, pick);
      case 'delete-namespace':
        await this.#world.api.delete(refs.namespaces, `team-${pick % 2}`);
        return;
      case 'delete-seen':
        return this.#deleteSeen(pick);
      case 'quota':
        return this.#applyOrDelete(refs.resourceQuotas, quota(`quota-${pick % 2}`, pick), pick);
      case 'cronjob':
        return this.#applyOrDelete(refs.cronJobs, cronJob(`cron-${app}`, pick), pick);
      case 'rest':
        return kubectl.rest(namespace);
      case 'server-side-apply':
        return this.#serverSideApply(pick);
      default:
        assertNever(kind, 'step');
    }
  }

  #node(pick: number): string {
    const { nodes } = this.#world;
    return must(nodes[pick % nodes.length], 'a node');
  }

  async #apply(
    kind: 'deployment' | 'statefulset' | 'daemonset' | 'job' | 'service' | 'budget',
    app: string,
    pick: number,
  ): Promise<void> {
    const kubectl = this.#kubectl;
    const set = `${app}-set`;
    switch (kind) {
      case 'deployment':
        return kubectl.apply(refs.deployments, deployment(app, pick), namespace);
      case 'statefulset':
        return kubectl.apply(refs.statefulSets, statefulSet(set, pick), namespace);
      case 'daemonset':
        return kubectl.apply(refs.daemonSets, daemonSet(daemons, pick), namespace);
      case 'service':
        return kubectl.apply(refs.services, service(pick % 3 === 0 ? set : app, pick), namespace);
      case 'budget': {
        const made = budget(pick % 3 === 0 ? set : app, pick);
        return kubectl.apply(refs.podDisruptionBudgets, made, namespace);
      }
      case 'job': {
        const made = job(`job-${this.#number}-${++this.#jobs}`, pick);
        await this.#world.api.create(refs.jobs, made, { namespace });
        return;
      }
      default:
        assertNever(kind, 'kind');
    }
  }

  /** One time in four it goes, if it is there. */
  async #applyOrDelete(ref: ResourceRef, object: KubeObject, pick: number): Promise<void> {
    if (Math.floor(pick / 4) % 4 > 0) return this.#kubectl.apply(ref, object, namespace);
    return this.#kubectl.delete(ref, object.metadata?.name ?? '', namespace);
  }

  async #patchWorkload(pick: number, patch: object): Promise<void> {
    const app = must(apps[pick % apps.length], 'an app');
    const [ref, name] =
      pick % 3 === 0 ? [refs.statefulSets, `${app}-set`] : [refs.deployments, app];
    const { api } = this.#world;
    const seen = pick >= firstExtra && Math.floor(pick / 12) % 3 === 0;
    const edited = seen ? { ...patch, ...(await this.#seenVersion(ref, name, pick)) } : patch;
    await api.patch(ref, name, 'merge', edited, { namespace });
  }

  /** As an editor does it: what is changed while somebody thinks is not changed again. */
  async #seenVersion(ref: ResourceRef, name: string, pick: number): Promise<KubeObject> {
    const { api, sleep } = this.#world;
    const { metadata: { resourceVersion = '' } = {} } = await api.get(ref, name, namespace);
    await sleep(pick % 300);
    return { metadata: { resourceVersion } };
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

  /** Some of what a few users say of the same object, or a change past all who say something of it. */
  async #serverSideApply(pick: number): Promise<void> {
    const { api } = this.#world;
    const dice = new Dice(pick);
    const name = `shared-${pick % 2}`;
    if (dice.int(5) === 0) {
      const data = { [dice.int(2) === 0 ? 'a' : 'b']: dice.int(2) === 0 ? null : 'patched' };
      await api.patch(refs.configMaps, name, 'merge', { data }, { namespace });
      return;
    }
    const keys = ['a', 'b', 'c', 'd'].filter(() => dice.int(2) === 0);
    const data = Object.fromEntries(keys.map((key) => [key, String(dice.int(3))]));
    const [fieldManager, force] = [`user-${this.#number}`, dice.int(2) === 0];
    const options = { namespace, fieldManager, force };
    await api.apply(refs.configMaps, configMap(name, data), options);
  }

  /** Something that goes when its owner does. */
  async #dependent(pick: number, where: string): Promise<void> {
    const owners: KubeObject[] = [];
    for (const number of ownersOf(pick)) {
      const wanted = configMap(`owner-${number}`, {});
      owners.push(await this.#kubectl.findOrCreate(refs.configMaps, wanted, where));
    }
    const isSecret = pick % 2 === 0;
    const dependent = dependentOf(owners, `dependent-${pick % 29}`, isSecret);
    const ref = isSecret ? refs.secrets : refs.configMaps;
    await this.#world.api.create(ref, dependent, { namespace: where });
  }

  /** A Job that has not ended, or lets it go on. */
  async #suspend(pick: number): Promise<void> {
    const { items } = await this.#world.api.list<Job>(refs.jobs, { namespace });
    const ended = ({ type, status }: { type: string; status: string }): boolean =>
      (type === 'Complete' || type === 'Failed') && status === 'True';
    const going = items.filter(({ status }) => !status?.conditions?.some(ended));
    const name = going[pick % Math.max(1, going.length)]?.metadata?.name;
    const patch = { spec: { suspend: pick % 3 > 0 } };
    if (name) await this.#world.api.patch(refs.jobs, name, 'merge', patch, { namespace });
  }

  async #delete(
    kind: 'delete-workload' | 'delete-service' | 'delete-owner' | 'delete-pod' | 'force-delete',
    pick: number,
  ): Promise<void> {
    const kubectl = this.#kubectl;
    const workload = must(workloads[pick % workloads.length], 'a kind');
    // Each kind in each way.
    const way = Math.floor(pick / workloads.length) % propagations.length;
    const propagation = propagations[way] ?? 'background';
    switch (kind) {
      case 'delete-workload':
        await kubectl.deleteAny(workload, pick, namespace, { propagation });
        return;
      case 'delete-service':
        return kubectl.delete(refs.services, apps[pick % apps.length] ?? '', namespace);
      case 'delete-owner':
        return kubectl.delete(refs.configMaps, `owner-${pick % 3}`, namespace, { propagation });
      case 'delete-pod':
        return pick < firstSorts
          ? void (await kubectl.deleteAny(refs.pods, pick, namespace))
          : kubectl.deleteTwice(pick, namespace, this.#world.sleep);
      case 'force-delete': {
        const pod = await kubectl.any<Pod>(refs.pods, pick, namespace);
        const { name = '', uid = '' } = pod?.metadata ?? {};
        if (!pod) return;
        this.#world.forced(uid);
        return kubectl.delete(refs.pods, name, namespace, { uid, gracePeriodSeconds: 0 });
      }
      default:
        assertNever(kind, 'kind');
    }
  }

  /** Under the same name, as soon as it can be. */
  async #recreate(app: string, pick: number): Promise<void> {
    const [ref, object]: readonly [ResourceRef, KubeObject] =
      pick % 3 === 0
        ? [refs.statefulSets, statefulSet(`${app}-set`, pick)]
        : pick % 3 === 1
          ? [refs.deployments, deployment(app, pick)]
          : [refs.services, service(app, pick)];
    await this.#kubectl.delete(ref, object.metadata?.name ?? '', namespace);
    await this.#world.api.create(ref, object, { namespace });
  }

  /** Another one under its name, at once. */
  async #replaceJob(pick: number): Promise<void> {
    const options = { propagation: 'background' } as const;
    const before = await this.#kubectl.deleteAny(refs.jobs, pick, namespace, options);
    if (before) await this.#world.api.create(refs.jobs, job(nameOf(before), pick), { namespace });
  }

  /** A pod that its controller has to let go, and another one to find. */
  async #relabel(app: string, pick: number): Promise<void> {
    const pod = await this.#kubectl.any<Pod>(refs.pods, pick, namespace);
    // A StatefulSet's pod keeps its name, so that nobody could take its place: not in the next set of that name either.
    if (!pod || pod.metadata?.labels?.['statefulset.kubernetes.io/pod-name']) return;
    const patch = { metadata: { labels: { app: pick % 2 === 0 ? app : 'nobody' } } };
    await this.#world.api.patch(refs.pods, pod.metadata?.name ?? '', 'merge', patch, { namespace });
  }

  /** Just what was seen a while ago, and not what has its name by now. */
  async #deleteSeen(pick: number): Promise<void> {
    const known = this.#seen.shift();
    if (known) {
      const { ref, name, uid } = known;
      if (pick < firstSorts) return this.#kubectl.delete(ref, name, namespace, { uid });
      const patch = { metadata: { uid, annotations: { seen: String(pick) } } };
      await this.#world.api.patch(ref, name, 'merge', patch, { namespace });
      return;
    }
    for (const ref of [refs.pods, refs.statefulSets, refs.services]) {
      const object = await this.#kubectl.any(ref, pick, namespace);
      const { name = '', uid = '' } = object?.metadata ?? {};
      if (object) this.#seen.push({ ref, name, uid });
    }
  }

  /** A namespace with something in it. */
  async #namespace(name: string, pick: number): Promise<void> {
    const { api } = this.#world;
    const known = await api.get(refs.namespaces, name).catch((thrown: unknown) => {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      return api.create(refs.namespaces, namespaceObject(name));
    });
    if (known.metadata?.deletionTimestamp !== undefined) return;
    await this.#dependent(pick, name);
    await this.#kubectl.apply(refs.deployments, deployment('web', pick), name);
    await this.#kubectl.apply(refs.services, service('web', pick), name);
  }
}
