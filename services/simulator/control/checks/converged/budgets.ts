import {
  getControllerOf,
  isPodReady,
  isPodTerminal,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type StatefulSet,
} from '#shared/api';
import { uidOf } from '../metadata.ts';
import type { ObjectHistory } from '../objects.ts';
import { each } from './reality.ts';

type Scalable = ReplicaSet | StatefulSet;
const scalable: readonly string[] = ['apps/replicasets', 'apps/statefulsets'];

/** How many pods there are to be, by those who make them; others count for themselves. */
function wishes(pods: readonly Pod[], objects: ObjectHistory): number {
  const all = scalable.flatMap((resource) => objects.all<Scalable>(resource));
  const owners = new Map(all.map((owner) => [uidOf(owner), owner]));
  const groups = Map.groupBy(pods, (pod) => owners.get(getControllerOf(pod)?.uid ?? ''));
  return [...groups].reduce(
    (sum, [owner, own]) => sum + (owner ? (owner.spec?.replicas ?? 1) : own.length),
    0,
  );
}

/** A budget's status counts the pods that it covers. */
export const budgets = each<PodDisruptionBudget>(
  'policy/poddisruptionbudgets',
  ({ spec, status, metadata }, { objects }) => {
    const labels = Object.entries(spec?.selector?.matchLabels ?? {});
    const covered = objects
      .all<Pod>('pods')
      .filter(
        (pod) =>
          pod.metadata?.namespace === metadata?.namespace &&
          !isPodTerminal(pod) &&
          labels.every(([key, value]) => pod.metadata?.labels?.[key] === value),
      );
    // Kubernetes makes no statement on pods that nobody would replace.
    if (!covered.every(getControllerOf)) return '';
    const healthy = covered.filter(isPodReady).length;
    const { minAvailable, maxUnavailable } = spec ?? {};
    const expected = maxUnavailable === undefined ? covered.length : wishes(covered, objects);
    const desired =
      maxUnavailable === undefined
        ? Number(minAvailable ?? 1)
        : Math.max(0, expected - Number(maxUnavailable));
    const wanted = {
      observedGeneration: metadata?.generation,
      expectedPods: expected,
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: expected > 0 ? Math.max(0, healthy - desired) : 0,
    };
    for (const [field, value] of Object.entries(wanted)) {
      const is = (status as Readonly<Record<string, unknown>> | undefined)?.[field];
      if (is !== value) return `has ${field} ${String(is)} instead of ${value}`;
    }
    const gone = Object.keys(status?.disruptedPods ?? {}).find(
      (name) => !covered.some((pod) => pod.metadata?.name === name),
    );
    return gone === undefined ? '' : `still counts ${gone} as disrupted`;
  },
);
