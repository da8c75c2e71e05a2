import { type Deployment, equalJson, type ReplicaSet } from '#shared/api';
import {
  annotated,
  availableOf,
  byAge,
  desiredReplicas,
  fenceposts,
  isRecreate,
  newReplicaSet,
  replicasOf,
  revisionOf,
  scaled,
  sizeOn,
  splitByTemplate,
  sum,
} from './replica-sets.ts';
import { isComplete } from './status.ts';

/** The writes that bring a Deployment one step further; none when there is nothing to do. */
export interface RolloutPlan {
  readonly create?: ReplicaSet;
  readonly updates: readonly ReplicaSet[];
  readonly deletes: readonly ReplicaSet[];
}

const nothing: RolloutPlan = { updates: [], deletes: [] };

export interface RolloutState {
  readonly deployment: Deployment;
  /** Those it controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Whether pods of old ReplicaSets still run: Recreate waits for them. */
  readonly oldPodsRunning: boolean;
}

/** One step of a rollout, as Kubernetes' deployment controller takes them. */
export function planRollout(state: RolloutState): RolloutPlan {
  const { deployment, replicaSets } = state;
  const { current, old } = splitByTemplate(deployment, replicaSets);
  if (deployment.metadata?.deletionTimestamp !== undefined) return nothing;
  if (deployment.spec?.paused) {
    return { updates: planScaling(deployment, current, old), deletes: planCleanup(state) };
  }
  if (isRecreate(deployment)) return planRecreate(state, current, old);
  if (isScaling(deployment, replicaSets)) {
    return { updates: planScaling(deployment, current, old), deletes: [] };
  }
  return planRollingUpdate(state, current, old);
}

function planRecreate(
  state: RolloutState,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): RolloutPlan {
  const { deployment } = state;
  const running = old.filter((replicaSet) => replicasOf(replicaSet) > 0);
  if (running.length > 0) {
    return { updates: running.map((each) => scaled(each, 0, deployment)), deletes: [] };
  }
  if (state.oldPodsRunning) return nothing;
  return withCurrent(state, current, old, desiredReplicas(deployment)) ?? cleanUp(state);
}

function planRollingUpdate(
  state: RolloutState,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): RolloutPlan {
  const { deployment } = state;
  const desired = desiredReplicas(deployment);
  const has = current ? replicasOf(current) : 0;
  const room = desired + fenceposts(deployment).surge - sum(state.replicaSets, replicasOf);
  const wanted = has > desired ? desired : has + Math.max(0, Math.min(room, desired - has));
  const up = withCurrent(state, current, old, wanted);
  if (up) return up;
  const updates = current ? planScaleDown(state, current, old) : [];
  return updates.length > 0 ? { updates, deletes: [] } : cleanUp(state);
}

/** The write that gives the present template's ReplicaSet this size and revision, if one is needed. */
function withCurrent(
  { deployment }: RolloutState,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  replicas: number,
): RolloutPlan | undefined {
  const newest = Math.max(0, ...old.map(revisionOf)) + 1;
  if (!current) {
    return { create: newReplicaSet(deployment, replicas, newest), updates: [], deletes: [] };
  }
  const revision = Math.max(revisionOf(current), newest);
  const sized = scaled(current, replicas, deployment);
  const next = withMinReady(annotated(sized, deployment, revision), deployment);
  return equalJson(next, current) ? undefined : { updates: [next], deletes: [] };
}

function withMinReady(replicaSet: ReplicaSet, deployment: Deployment): ReplicaSet {
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  if ((replicaSet.spec?.minReadySeconds ?? 0) === minReadySeconds) return replicaSet;
  const spec = { ...replicaSet.spec, minReadySeconds } as NonNullable<ReplicaSet['spec']>;
  return { ...replicaSet, spec };
}

/**
 * Old ReplicaSets get smaller: first by pods that do not serve anyway, then by as many as can be
 * missed. Never below what must be available, counting the new pods that are not available yet.
 */
function planScaleDown(
  { deployment, replicaSets }: RolloutState,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): ReplicaSet[] {
  const minAvailable = desiredReplicas(deployment) - fenceposts(deployment).unavailable;
  const newUnavailable = replicasOf(current) - staying(current);
  let allowed = sum(replicaSets, replicasOf) - minAvailable - newUnavailable;
  if (allowed <= 0) return [];
  const sizes = new Map(byAge(old).map((each) => [each, replicasOf(each)]));
  for (const [replicaSet, size] of sizes) {
    const unhealthy = size - staying(replicaSet);
    const fewer = Math.min(unhealthy, allowed);
    sizes.set(replicaSet, size - fewer);
    allowed -= fewer;
  }
  let spare = sum(replicaSets, staying) - minAvailable;
  for (const [replicaSet, size] of sizes) {
    const fewer = Math.max(0, Math.min(size, spare));
    sizes.set(replicaSet, size - fewer);
    spare -= fewer;
  }
  return [...sizes]
    .filter(([replicaSet, size]) => size !== replicasOf(replicaSet))
    .map(([replicaSet, size]) => scaled(replicaSet, size, deployment));
}

/** Pods that serve and are asked for: those beyond its size are about to go, though its status counts them. */
const staying = (replicaSet: ReplicaSet): number =>
  Math.min(replicasOf(replicaSet), availableOf(replicaSet));

/** Whether the Deployment's size has changed since its ReplicaSets were last scaled. */
function isScaling(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
  return replicaSets
    .filter((replicaSet) => replicasOf(replicaSet) > 0)
    .some((replicaSet) => {
      const { desired } = sizeOn(replicaSet);
      return desired !== undefined && desired !== desiredReplicas(deployment);
    });
}

/** A change of size in the middle of a rollout is shared out in proportion. */
function planScaling(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): ReplicaSet[] {
  const desired = desiredReplicas(deployment);
  const all = current ? [...old, current] : [...old];
  const active = all.filter((replicaSet) => replicasOf(replicaSet) > 0);
  const only = active.length === 0 ? (current ?? byAge(old).at(-1)) : active[0];
  if (active.length <= 1) return only ? changed(only, scaled(only, desired, deployment)) : [];
  if (current && isSaturated(current, desired)) {
    return active
      .filter((replicaSet) => replicaSet !== current)
      .map((replicaSet) => scaled(replicaSet, 0, deployment));
  }
  if (isRecreate(deployment)) return [];
  return shareOut(deployment, active);
}

function isSaturated(current: ReplicaSet, desired: number): boolean {
  return (
    replicasOf(current) === desired &&
    sizeOn(current).desired === desired &&
    availableOf(current) === desired
  );
}

function shareOut(deployment: Deployment, active: readonly ReplicaSet[]): ReplicaSet[] {
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + fenceposts(deployment).surge : 0;
  const total = sum(active, replicasOf);
  let left = allowed - total;
  const bySize = byAge(active).sort((a, b) => replicasOf(b) - replicasOf(a));
  const sizes = new Map<ReplicaSet, number>();
  for (const replicaSet of bySize) {
    const size = replicasOf(replicaSet);
    const max = sizeOn(replicaSet).max ?? total;
    const share = Math.round((size * allowed) / Math.max(1, max)) - size;
    const change =
      left > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
    sizes.set(replicaSet, size + change);
    left -= change;
  }
  // What rounding leaves over goes to the largest.
  const [largest] = bySize;
  if (largest) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + left));
  return [...sizes].flatMap(([each, size]) => changed(each, scaled(each, size, deployment)));
}

const changed = (before: ReplicaSet, after: ReplicaSet): ReplicaSet[] =>
  equalJson(before, after) ? [] : [after];

const cleanUp = (state: RolloutState): RolloutPlan => ({
  updates: [],
  deletes: isComplete(state.deployment, state.deployment.status ?? {}) ? planCleanup(state) : [],
});

/** Old ReplicaSets beyond revisionHistoryLimit, the oldest revisions first. */
function planCleanup({ deployment, replicaSets }: RolloutState): ReplicaSet[] {
  const { old } = splitByTemplate(deployment, replicaSets);
  const done = old.filter(
    (replicaSet) =>
      replicasOf(replicaSet) === 0 &&
      (replicaSet.status?.replicas ?? 0) === 0 &&
      (replicaSet.metadata?.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0) &&
      replicaSet.metadata?.deletionTimestamp === undefined,
  );
  const excess = old.length - (deployment.spec?.revisionHistoryLimit ?? 10);
  if (excess <= 0) return [];
  return done.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, excess);
}
