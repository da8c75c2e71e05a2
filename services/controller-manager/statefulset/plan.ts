import { isPodAvailable, isPodReady, isPodTerminal, type Pod, type StatefulSet } from '#shared/api';
import {
  firstOrdinal,
  isHealthy,
  isLeaving,
  ordinalOf,
  replicasOf,
  revisionOfPod,
} from './pods.ts';

export interface RevisionNames {
  /** The template before a rolling update that is under way. */
  readonly current: string;
  readonly update: string;
}

export interface StatefulPlan {
  /** Ordinals that get a pod, with the revision of its template. */
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[];
  readonly remove: readonly Pod[];
}

type Status = NonNullable<StatefulSet['status']>;

/** Pods by ordinal: those that the set wants, and those beyond it. */
interface Places {
  readonly wanted: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** The highest first. */
  readonly condemned: readonly Pod[];
}

/**
 * The next step of a StatefulSet. In order, one pod at a time: what is missing from the lowest
 * ordinal up, each when those before it are ready; then what is too much from the highest down;
 * then old templates from the highest down to the partition. `Parallel` does not wait in the first two.
 */
export function planStateful(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: RevisionNames,
  nowMs: number,
): StatefulPlan {
  const { wanted, condemned } = placesOf(set, pods);
  const ordered = set.spec?.podManagementPolicy !== 'Parallel';
  const healthy = (pod: Pod): boolean => isHealthy(set, pod, nowMs);
  const create: { ordinal: number; revision: string }[] = [];
  const remove: Pod[] = [];
  for (const { ordinal, pod } of wanted) {
    if (!pod) create.push({ ordinal, revision: revisionFor(set, ordinal, revisions) });
    // One that ended makes room for its successor.
    else if (isPodTerminal(pod) && !isLeaving(pod)) remove.push(pod);
    else if (healthy(pod) || !ordered) continue;
    if (ordered) return { create, remove };
  }
  if (!ordered) {
    remove.push(...condemned.filter((pod) => !isLeaving(pod)));
    if (create.length + remove.length > 0) return { create, remove };
  }
  const [last] = condemned;
  if (last) return { create, remove: isLeaving(last) ? [] : [last] };
  return { create, remove: outdated(set, wanted, revisions, healthy) };
}

function placesOf(set: StatefulSet, pods: readonly Pod[]): Places {
  const start = firstOrdinal(set);
  const end = start + replicasOf(set);
  const byOrdinal = new Map<number, Pod>();
  const condemned: { ordinal: number; pod: Pod }[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    if (ordinal >= start && ordinal < end) byOrdinal.set(ordinal, pod);
    else condemned.push({ ordinal, pod });
  }
  const ordinals = Array.from({ length: end - start }, (_, i) => start + i);
  return {
    wanted: ordinals.map((ordinal) => ({ ordinal, pod: byOrdinal.get(ordinal) })),
    condemned: condemned.sort((a, b) => b.ordinal - a.ordinal).map(({ pod }) => pod),
  };
}

const partitionOf = ({ spec }: StatefulSet): number =>
  spec?.updateStrategy?.rollingUpdate?.partition ?? 0;

/** A pod below the partition is made of the old template; with OnDelete the new one always counts. */
function revisionFor(
  set: StatefulSet,
  ordinal: number,
  { current, update }: RevisionNames,
): string {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return update;
  return ordinal - firstOrdinal(set) < partitionOf(set) ? current : update;
}

/** The next pod of an old template, once all above it are of the new one and healthy. */
function outdated(
  set: StatefulSet,
  wanted: Places['wanted'],
  { update }: RevisionNames,
  healthy: (pod: Pod) => boolean,
): Pod[] {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return [];
  for (const { ordinal, pod } of [...wanted].reverse()) {
    if (!pod || ordinal - firstOrdinal(set) < partitionOf(set)) return [];
    if (revisionOfPod(pod) !== update) return isLeaving(pod) ? [] : [pod];
    if (!healthy(pod)) return [];
  }
  return [];
}

/** The status of a set with these pods; a rollout that is complete makes its template the current one. */
export function statefulStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  { current, update }: RevisionNames,
  nowMs: number,
): Status {
  const own = pods.filter((pod) => ordinalOf(set, pod) !== undefined && !isPodTerminal(pod));
  const staying = own.filter((pod) => !isLeaving(pod));
  const of = (revision: string): number =>
    staying.filter((pod) => revisionOfPod(pod) === revision).length;
  const ready = staying.filter(isPodReady);
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const updated = of(update);
  const complete =
    updated === replicasOf(set) && own.length === updated && ready.length === updated;
  return {
    observedGeneration: set.metadata?.generation ?? 0,
    replicas: own.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, minReadySeconds, nowMs)).length,
    currentReplicas: complete ? updated : of(current),
    updatedReplicas: updated,
    currentRevision: complete ? update : current,
    updateRevision: update,
    collisionCount: 0,
  };
}
