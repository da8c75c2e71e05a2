import {
  getControllerOf,
  isPodReady,
  isPodTerminal,
  type Pod,
  type PodDisruptionBudget,
} from '#shared/api';
import { each } from './reality.ts';

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
    const expected = status?.expectedPods ?? 0;
    const desired =
      maxUnavailable === undefined
        ? Number(minAvailable ?? 1)
        : Math.max(0, expected - Number(maxUnavailable));
    const wanted = {
      observedGeneration: metadata?.generation,
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
