import {
  isPodActive,
  isPodReady,
  getCondition,
  parseTime,
  type Pod,
  type ReplicaSet,
} from '#shared/api';

/** At most this many pods are created or deleted at once; Kubernetes' BurstReplicas. */
const burst = 500;

export type ReplicaPlan =
  | { readonly create: number; readonly remove: readonly [] }
  | { readonly create: 0; readonly remove: readonly Pod[] };

/** What brings the pods of a ReplicaSet to the number it asks for. Pods on their way out do not count. */
export function planReplicas(replicaSet: ReplicaSet, pods: readonly Pod[]): ReplicaPlan {
  const active = pods.filter(isPodActive);
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing >= 0) return { create: Math.min(missing, burst), remove: [] };
  const remove = rankForDeletion(active).slice(0, Math.min(-missing, burst));
  return { create: 0, remove };
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/** The pods in the order in which they go: Kubernetes' ActivePodsWithRanks. */
function rankForDeletion(pods: readonly Pod[]): Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName ?? '';
    perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  // Lower goes first, compared from left to right.
  const rank = (pod: Pod): number[] => [
    pod.spec?.nodeName ? 1 : 0,
    phaseRank[pod.status?.phase ?? 'Pending'] ?? 1,
    isPodReady(pod) ? 1 : 0,
    Number(pod.metadata?.annotations?.[deletionCost] ?? 0) || 0,
    -(perNode.get(pod.spec?.nodeName ?? '') ?? 0),
    -(parseTime(getCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime) ?? 0),
    -restarts(pod),
    -(parseTime(pod.metadata?.creationTimestamp) ?? 0),
  ];
  const ranked = pods.map((pod) => ({ pod, rank: rank(pod) }));
  return ranked.sort((a, b) => compare(a.rank, b.rank)).map(({ pod }) => pod);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const restarts = (pod: Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
