import {
  getCondition,
  isConditionTrue,
  type Node,
  type NodeCondition,
  type Taint,
} from '#shared/api';

export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';
export const unschedulableTaint = 'node.kubernetes.io/unschedulable';
const ownTaints: ReadonlySet<string> = new Set([
  notReadyTaint,
  unreachableTaint,
  unschedulableTaint,
]);

/** Those that only the node itself can know. */
const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** The conditions of a node that has gone silent; undefined where they say so already. */
export function silentConditions(node: Node, timestamp: string): NodeCondition[] | undefined {
  const conditions = node.status?.conditions ?? [];
  if (getCondition(conditions, 'Ready')?.status === 'Unknown') return undefined;
  const types = new Set([...conditions.map(({ type }) => type), 'Ready']);
  return [...types].map((type) => {
    const known = getCondition(conditions, type);
    if (known && !reported.includes(type)) return known;
    if (known?.status === 'Unknown') return known;
    const never = known === undefined;
    return {
      ...known,
      type,
      status: 'Unknown',
      reason: never ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: never ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
      lastTransitionTime: timestamp,
    };
  });
}

/**
 * The taints that follow from a node's readiness and cordon; undefined where it has just these.
 * `evict` is false while no node is ready: then the fault is more likely ours than theirs, and
 * Kubernetes as well leaves the pods where they are.
 */
export function nodeTaints(node: Node, evict: boolean, timestamp: string): Taint[] | undefined {
  const taints = node.spec?.taints ?? [];
  const wanted = wantedTaints(node, evict);
  const isWanted = (taint: Taint): boolean =>
    wanted.some(({ key, effect }) => key === taint.key && effect === taint.effect);
  const kept = taints.filter((taint) => !ownTaints.has(taint.key) || isWanted(taint));
  const missing = wanted.filter(
    ({ key, effect }) => !taints.some((taint) => taint.key === key && taint.effect === effect),
  );
  if (missing.length === 0 && kept.length === taints.length) return undefined;
  return [...kept, ...missing.map((taint) => ({ ...taint, timeAdded: timestamp }))];
}

function wantedTaints({ spec, status }: Node, evict: boolean): Taint[] {
  const taints: Taint[] = [];
  if (spec?.unschedulable) taints.push({ key: unschedulableTaint, effect: 'NoSchedule' });
  if (isConditionTrue(status?.conditions, 'Ready')) return taints;
  const ready = getCondition(status?.conditions, 'Ready');
  const key = ready?.status === 'False' ? notReadyTaint : unreachableTaint;
  taints.push({ key, effect: 'NoSchedule' });
  if (evict) taints.push({ key, effect: 'NoExecute' });
  return taints;
}
