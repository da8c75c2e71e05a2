import { isDeepStrictEqual } from 'node:util';
import {
  type DaemonSet,
  type Deployment,
  getControllerOf,
  isConditionTrue,
  isPodReady,
  isPodTerminal,
  type KubeObject,
  type Node,
  type Pod,
  type PodTemplateSpec,
  type ReplicaSet,
  type StatefulSet,
} from '#shared/api';
import { nameOf, ordinalOf } from '../metadata.ts';
import { expels, isChosen } from '../room.ts';
import { jobs } from './jobs.ts';
import { each, type Look, podsOf, waits } from './reality.ts';

const revisionOf = ({ metadata }: KubeObject): number =>
  Number(metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

const deployments = each<Deployment>('apps/deployments', (deployment, { objects }) => {
  const sets = objects
    .all<ReplicaSet>('apps/replicasets')
    .filter((set) => getControllerOf(set)?.uid === deployment.metadata?.uid);
  const all = sets.flatMap((set) => podsOf(objects, set));
  if (all.some(waits(objects))) return '';
  const wanted = deployment.spec?.replicas ?? 1;
  const { spec } = deployment;
  const active = sets.filter((set) => (set.spec?.replicas ?? 0) > 0);
  if (active.length > 1) return `has ${active.length} replica sets`;
  // One that was orphaned may be adopted after another was made in its place: the one that runs is revised.
  const [current] = sets
    .filter((set) => sameTemplate(set.spec?.template, spec?.template))
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  if (!current) return 'has no replica set of its template';
  if ((current.spec?.replicas ?? 0) !== wanted)
    return `wants ${wanted} replicas, its replica set ${current.spec?.replicas}`;
  const running = all.filter((pod) => !isPodTerminal(pod));
  if (running.length !== wanted || !running.every(isPodReady))
    return `wants ${wanted} pods, has ${running.length}`;
  return history(deployment, current, sets) || counts(deployment, wanted);
});

function counts({ status = {}, metadata }: Deployment, wanted: number): string {
  if (status.observedGeneration !== metadata?.generation)
    return `is at generation ${metadata?.generation}, observed ${status.observedGeneration}`;
  const { replicas, updatedReplicas, readyReplicas, availableReplicas } = status;
  const told = [replicas, updatedReplicas, readyReplicas, availableReplicas];
  const wrong = told.some((count) => (count ?? 0) !== wanted) || (status.unavailableReplicas ?? 0);
  if (wrong) return `wants ${wanted} replicas; status ${JSON.stringify(status)}`;
  return isConditionTrue(status.conditions, 'Available') ? '' : 'is not Available';
}

/** The newest revision is the one that runs, no number is given twice, and old ones are cleaned up. */
function history(deployment: Deployment, current: ReplicaSet, sets: readonly ReplicaSet[]): string {
  const revisions = sets.map(revisionOf);
  const newest = Math.max(...revisions);
  if (new Set(revisions).size < sets.length) return `has the revisions ${revisions.join()}`;
  if (revisionOf(current) !== newest)
    return `runs revision ${revisionOf(current)} of ${revisions.join()}`;
  if (revisionOf(deployment) !== newest)
    return `says revision ${revisionOf(deployment)} instead of ${newest}`;
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  return sets.length - 1 > limit ? `keeps ${sets.length - 1} old replica sets of ${limit}` : '';
}

/** But for what controllers add. */
function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return (
    isDeepStrictEqual(a?.spec, b?.spec) &&
    isDeepStrictEqual(a?.metadata?.annotations ?? {}, b?.metadata?.annotations ?? {})
  );
}

const replicaSets = each<ReplicaSet>('apps/replicasets', (set, { objects }) => {
  const own = podsOf(objects, set).filter((pod) => !isPodTerminal(pod));
  const released = own.find((pod) => !isSelected(set, pod));
  if (released) return `controls pod ${nameOf(released)}, which it does not select`;
  if (own.some(waits(objects))) return '';
  const wanted = set.spec?.replicas ?? 1;
  if (own.length !== wanted) return `wants ${wanted} pods, has ${own.length}`;
  const { replicas = 0, readyReplicas = 0, observedGeneration } = set.status ?? {};
  if (replicas !== wanted || readyReplicas !== wanted)
    return `wants ${wanted} replicas; status ${JSON.stringify(set.status)}`;
  if (observedGeneration !== set.metadata?.generation)
    return `is at generation ${set.metadata?.generation}, observed ${observedGeneration}`;
  const stray = objects.all<Pod>('pods').find((pod) => isAdoptable(set, pod));
  if (stray) return `has not adopted ${nameOf(stray)}`;
  const other = own.find((pod) => !runs(pod, set.spec?.template));
  return other ? `has pod ${nameOf(other)} of another template` : '';
});

function isAdoptable(set: ReplicaSet, pod: Pod): boolean {
  return (
    pod.metadata?.namespace === set.metadata?.namespace &&
    !getControllerOf(pod) &&
    !isPodTerminal(pod) &&
    isSelected(set, pod)
  );
}

function isSelected({ spec }: ReplicaSet | DaemonSet, pod: Pod): boolean {
  const labels = Object.entries(spec?.selector.matchLabels ?? {});
  return labels.length > 0 && labels.every(([key, value]) => pod.metadata?.labels?.[key] === value);
}

/** The program and the annotations of a template. */
function runs(pod: Pod, template: PodTemplateSpec | undefined): boolean {
  const command = ({ spec }: Pod | PodTemplateSpec) => spec?.containers?.[0]?.command ?? [];
  const version = ({ metadata }: Pod | PodTemplateSpec) => metadata?.annotations?.['version'];
  const restarted = ({ metadata }: Pod | PodTemplateSpec) => metadata?.annotations?.['restarted'];
  if (!template) return true;
  return (
    isDeepStrictEqual(command(pod), command(template)) &&
    version(pod) === version(template) &&
    restarted(pod) === restarted(template)
  );
}

const statefulSets = each<StatefulSet>('apps/statefulsets', (set, { objects }) => {
  const own = podsOf(objects, set);
  if (own.some(waits(objects))) return '';
  const wanted = set.spec?.replicas ?? 1;
  const ordinals = own.map(nameOf).sort().join();
  const expected = Array.from({ length: wanted }, (_, i) => `${nameOf(set)}-${i}`)
    .sort()
    .join();
  if (ordinals !== expected) return `wants [${expected}], has [${ordinals}]`;
  if (!own.every(isPodReady)) return 'has pods that are not ready';
  const { partition = 0 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const newest = own.filter((pod) => ordinalOf(pod) >= partition);
  const other = newest.find((pod) => !runs(pod, set.spec?.template));
  if (other) return `has pod ${nameOf(other)} of another template`;
  return statefulCounts(set, own);
});

function statefulCounts({ status, metadata, spec }: StatefulSet, own: readonly Pod[]): string {
  if (!status) return 'has no status';
  if (status.observedGeneration !== metadata?.generation)
    return `is at generation ${metadata?.generation}, observed ${status.observedGeneration}`;
  const wanted = spec?.replicas ?? 1;
  const { replicas, readyReplicas, availableReplicas, currentRevision, updateRevision } = status;
  const of = (revision: string | undefined): number =>
    own.filter(({ metadata: { labels } = {} }) => labels?.['controller-revision-hash'] === revision)
      .length;
  const told = [replicas, readyReplicas, availableReplicas];
  const counted =
    (status.currentReplicas ?? 0) === of(currentRevision) &&
    (status.updatedReplicas ?? 0) === of(updateRevision);
  if (!counted || told.some((count) => (count ?? 0) !== wanted))
    return `wants ${wanted} replicas; status ${JSON.stringify(status)}`;
  const partial = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  return partial === 0 && updateRevision !== undefined && currentRevision !== updateRevision
    ? `is at revision ${currentRevision} instead of ${updateRevision}`
    : '';
}

const daemonSets = each<DaemonSet>('apps/daemonsets', (set, { objects }) => {
  const own = podsOf(objects, set);
  const released = own.find((pod) => !isSelected(set, pod));
  if (released) return `controls pod ${nameOf(released)}, which it does not select`;
  if (own.some(waits(objects))) return '';
  const { spec } = set.spec?.template ?? {};
  const template = { ...(spec && { spec }) };
  const nodes = objects.all<Node>('nodes');
  const wanted = nodes.filter((node) => !expels(node, template) && isChosen(template, node)).length;
  const on = new Set(own.map((pod) => pod.spec?.nodeName));
  if (on.size !== wanted || own.length !== wanted || !own.every(isPodReady))
    return `has ${own.length} pods on ${on.size} of ${wanted} nodes`;
  const other = own.find((pod) => !runs(pod, set.spec?.template));
  if (other) return `has pod ${nameOf(other)} of another template`;
  const { status } = set;
  const told = [
    status?.desiredNumberScheduled,
    status?.currentNumberScheduled,
    status?.numberReady,
    status?.numberAvailable,
    status?.updatedNumberScheduled,
  ];
  return told.some((count) => (count ?? 0) !== wanted) || (status?.numberMisscheduled ?? 0) > 0
    ? `wants ${wanted} pods; status ${JSON.stringify(status)}`
    : '';
});

/** Everything that makes pods has made those that it was asked for, of the newest template. */
export const workloads: readonly Look[] = [
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  jobs,
];
