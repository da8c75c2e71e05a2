import {
  isPodTerminal,
  type Node,
  type Pod,
  type Taint,
  type Toleration,
  tolerates,
} from '#shared/api';
import { notReadyTaint, unreachableTaint } from './node-plan.ts';

/**
 * How long a pod may stay on a node with these taints: 0 is not at all, Infinity for ever. What it
 * tolerates for a time counts from when the taint came. A pod that says nothing about nodes that
 * are not ready stays `defaultMs`; Kubernetes writes 300 s into such pods on creation.
 */
export function toleratedMs(pod: Pod, node: Node, defaultMs: number): number {
  if (isPodTerminal(pod) || pod.metadata?.deletionTimestamp !== undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  const limits = taints.map((taint) => limitMs(taint, pod.spec?.tolerations ?? [], defaultMs));
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

function limitMs(taint: Taint, tolerations: readonly Toleration[], defaultMs: number): number {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) {
    return taint.key === notReadyTaint || taint.key === unreachableTaint ? defaultMs : 0;
  }
  const seconds = matching.map(({ tolerationSeconds }) => tolerationSeconds);
  return Math.min(
    ...seconds.map((each) => (each === undefined ? Number.POSITIVE_INFINITY : each * 1_000)),
  );
}
