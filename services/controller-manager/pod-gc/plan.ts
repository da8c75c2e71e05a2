import type { Node, Pod } from '#shared/api';

/** A pod that is removed without waiting for its node. */
export interface DoomedPod {
  readonly pod: Pod;
  readonly reason: 'orphaned' | 'terminating-unscheduled';
}

/**
 * Pods that nobody will ever end: bound to a node that does not exist any more, or deleted before
 * they were bound to one.
 */
export function planPodGc(pods: readonly Pod[], nodes: readonly Node[]): DoomedPod[] {
  const names = new Set(nodes.map(({ metadata }) => metadata?.name));
  return pods.flatMap((pod): DoomedPod[] => {
    const node = pod.spec?.nodeName;
    if (node) return names.has(node) ? [] : [{ pod, reason: 'orphaned' }];
    if (pod.metadata?.deletionTimestamp === undefined) return [];
    return [{ pod, reason: 'terminating-unscheduled' }];
  });
}
