import {
  type ConfigMap,
  type DaemonSet,
  type Deployment,
  type EndpointSlice,
  getControllerOf,
  isPodReady,
  isPodTerminal,
  type Job,
  type KubeObject,
  type Node,
  type Pod,
  type ReplicaSet,
  type Service,
  type StatefulSet,
} from '#shared/api';
import type { ContainerStatus } from '#services/agent';
import type { ObjectHistory } from './objects.ts';

/** What of the world is compared with what the API says. */
export interface Reality {
  readonly objects: ObjectHistory;
  readonly nodes: readonly {
    readonly name: string;
    readonly running: readonly ContainerStatus[];
  }[];
}

const nameOf = ({ metadata }: KubeObject): string => metadata?.name ?? '';
const isGoing = ({ metadata }: KubeObject): boolean => metadata?.deletionTimestamp !== undefined;
const isReady = (node: Node): boolean =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

/** What is not yet as it should be, in words; empty where all is well. */
export function unsettled(reality: Reality): string {
  for (const look of [
    nodes,
    goingObjects,
    deployments,
    statefulSets,
    daemonSets,
    jobs,
    pods,
    dependents,
    endpoints,
    containers,
  ]) {
    const wrong = look(reality);
    if (wrong !== '') return wrong;
  }
  return '';
}

function nodes({ objects, nodes: machines }: Reality): string {
  const known = objects.all<Node>('nodes');
  const missing = machines.find(({ name }) => !known.some((node) => nameOf(node) === name));
  if (missing) return `node ${missing.name} is not registered`;
  const lost = known.find((node) => !isReady(node));
  if (lost) return `node ${nameOf(lost)} is not ready`;
  const tainted = known.find(({ spec }) =>
    spec?.taints?.some(
      ({ key }) =>
        key.startsWith('node.kubernetes.io/') && key !== 'node.kubernetes.io/unschedulable',
    ),
  );
  return tainted
    ? `node ${nameOf(tainted)} is tainted: ${JSON.stringify(tainted.spec?.taints)}`
    : '';
}

const kinds = [
  'pods',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/jobs',
  'configmaps',
  'services',
] as const;

function goingObjects({ objects }: Reality): string {
  for (const kind of kinds) {
    const going = objects.all(kind).find(isGoing);
    if (going)
      return `${kind} ${nameOf(going)} was deleted and is still there (finalizers ${JSON.stringify(going.metadata?.finalizers ?? [])})`;
  }
  return '';
}

const podsOf = (objects: ObjectHistory, owner: KubeObject): Pod[] =>
  objects.all<Pod>('pods').filter((pod) => getControllerOf(pod)?.uid === owner.metadata?.uid);

/** Pods that no node has room for are nobody's fault. */
const waitsForRoom = (pod: Pod): boolean =>
  pod.spec?.nodeName === undefined &&
  (pod.status?.conditions ?? []).some(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );

function deployments({ objects }: Reality): string {
  for (const deployment of objects.all<Deployment>('apps/deployments')) {
    const name = `deployment ${nameOf(deployment)}`;
    const sets = objects
      .all<ReplicaSet>('apps/replicasets')
      .filter((set) => getControllerOf(set)?.uid === deployment.metadata?.uid);
    const all = sets.flatMap((set) => podsOf(objects, set));
    if (all.some(waitsForRoom)) continue;
    const wanted = deployment.spec?.replicas ?? 1;
    const { status = {}, metadata } = deployment;
    if (status.observedGeneration !== metadata?.generation)
      return `${name}: generation ${metadata?.generation}, observed ${status.observedGeneration}`;
    const active = sets.filter(({ spec }) => (spec?.replicas ?? 0) > 0);
    if (active.length > 1) return `${name} has ${active.length} replica sets`;
    const current = active.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0);
    if (current !== wanted) return `${name} wants ${wanted} replicas, its replica sets ${current}`;
    const counts = [
      status.replicas ?? 0,
      status.updatedReplicas ?? 0,
      status.readyReplicas ?? 0,
      status.availableReplicas ?? 0,
    ];
    if (counts.some((count) => count !== wanted))
      return `${name} wants ${wanted} replicas; status ${JSON.stringify(status)}`;
    const ready = all.filter(isPodReady).length;
    if (ready !== wanted || all.length !== wanted)
      return `${name} wants ${wanted} pods, has ${all.length}, ${ready} of them ready`;
  }
  return '';
}

function statefulSets({ objects }: Reality): string {
  for (const set of objects.all<StatefulSet>('apps/statefulsets')) {
    const name = `stateful set ${nameOf(set)}`;
    const own = podsOf(objects, set);
    if (own.some(waitsForRoom)) continue;
    const wanted = set.spec?.replicas ?? 1;
    const ordinals = own.map(nameOf).sort().join();
    const expected = Array.from({ length: wanted }, (_, i) => `${nameOf(set)}-${i}`)
      .sort()
      .join();
    if (ordinals !== expected) return `${name} wants [${expected}], has [${ordinals}]`;
    if (!own.every(isPodReady)) return `${name}: not every pod is ready`;
    const { status, metadata } = set;
    if (!status) return `${name} has no status`;
    if (status.observedGeneration !== metadata?.generation)
      return `${name}: generation ${metadata?.generation}, observed ${status.observedGeneration}`;
    if ((status.readyReplicas ?? 0) !== wanted || (status.replicas ?? 0) !== wanted)
      return `${name} wants ${wanted} replicas; status ${JSON.stringify(status)}`;
    if (status.updateRevision !== undefined && status.currentRevision !== status.updateRevision)
      return `${name} is at revision ${status.currentRevision} instead of ${status.updateRevision}`;
  }
  return '';
}

function daemonSets({ objects }: Reality): string {
  for (const set of objects.all<DaemonSet>('apps/daemonsets')) {
    const own = podsOf(objects, set);
    if (own.some(waitsForRoom)) continue;
    const wanted = objects.all<Node>('nodes').length;
    const on = new Set(own.map(({ spec }) => spec?.nodeName));
    if (on.size !== wanted || own.length !== wanted || !own.every(isPodReady))
      return `daemon set ${nameOf(set)} has ${own.length} pods on ${on.size} of ${wanted} nodes`;
  }
  return '';
}

function jobs({ objects }: Reality): string {
  for (const job of objects.all<Job>('batch/jobs')) {
    if (podsOf(objects, job).some(waitsForRoom)) continue;
    const name = `job ${nameOf(job)}`;
    const complete = job.status?.conditions?.find(
      ({ type, status }) => type === 'Complete' && status === 'True',
    );
    if (!complete) return `${name} is not complete: ${JSON.stringify(job.status)}`;
    if (job.status?.succeeded !== job.spec?.completions)
      return `${name} wants ${job.spec?.completions} completions, counts ${job.status?.succeeded}`;
    if ((job.status?.active ?? 0) > 0)
      return `${name} counts ${job.status?.active} active pods at its end`;
  }
  return '';
}

function pods({ objects, nodes: machines }: Reality): string {
  for (const pod of objects.all<Pod>('pods')) {
    const name = `pod ${nameOf(pod)}`;
    const node = pod.spec?.nodeName;
    if (node !== undefined && !machines.some((machine) => machine.name === node))
      return `${name} is on ${node}, which does not exist`;
    if (node === undefined && !waitsForRoom(pod)) return `${name} waits for the scheduler`;
    const owner = getControllerOf(pod);
    if (owner && !ownerLives(objects, owner.uid))
      return `${name} outlives its ${owner.kind} ${owner.name}`;
    if (node !== undefined && !isPodTerminal(pod) && !isPodReady(pod))
      return `${name} is not ready: ${JSON.stringify(pod.status?.containerStatuses)}`;
  }
  return '';
}

const ownerLives = (objects: ObjectHistory, uid: string): boolean =>
  kinds.some((kind) => objects.all(kind).some(({ metadata }) => metadata?.uid === uid));

function dependents({ objects }: Reality): string {
  for (const map of objects.all<ConfigMap>('configmaps')) {
    const owners = map.metadata?.ownerReferences ?? [];
    if (owners.length > 0 && !owners.some(({ uid }) => ownerLives(objects, uid)))
      return `config map ${nameOf(map)} outlives its owner`;
  }
  for (const set of objects.all<ReplicaSet>('apps/replicasets')) {
    const owner = getControllerOf(set);
    if (owner && !ownerLives(objects, owner.uid))
      return `replica set ${nameOf(set)} outlives its deployment`;
  }
  return '';
}

function endpoints({ objects }: Reality): string {
  for (const service of objects.all<Service>('services')) {
    const selector = Object.entries(service.spec?.selector ?? {});
    if (selector.length === 0) continue;
    const selected = objects
      .all<Pod>('pods')
      .filter(
        (pod) =>
          isPodReady(pod) &&
          !isPodTerminal(pod) &&
          selector.every(([key, value]) => pod.metadata?.labels?.[key] === value),
      );
    const slices = objects
      .all<EndpointSlice>('discovery.k8s.io/endpointslices')
      .filter(
        ({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === nameOf(service),
      );
    const told = slices
      .flatMap(({ endpoints: all }) => all)
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses);
    const wanted = selected
      .map(({ status }) => status?.podIP ?? '?')
      .sort()
      .join();
    if (told.toSorted().join() !== wanted)
      return `service ${nameOf(service)} has endpoints [${told.toSorted().join()}], ready are [${wanted}]`;
  }
  return '';
}

/** Every machine runs what is bound to it, and nothing else. */
function containers({ objects, nodes: machines }: Reality): string {
  const all = objects.all<Pod>('pods');
  for (const { name, running } of machines) {
    const stray = running.find(
      ({ podSandboxId }) =>
        !all.some(
          ({ metadata, spec }) => metadata?.uid === podSandboxId && spec?.nodeName === name,
        ),
    );
    if (stray) return `${name} runs ${stray.id}, which is no pod of it`;
    for (const pod of all) {
      if (pod.spec?.nodeName !== name || isPodTerminal(pod)) continue;
      if (!running.some(({ podSandboxId }) => podSandboxId === pod.metadata?.uid))
        return `${name} does not run pod ${nameOf(pod)}`;
    }
  }
  return '';
}
