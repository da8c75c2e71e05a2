import type { PodCondition } from './types.ts';

/** Who takes a pod away, in the words that Jobs' failure policies know. */
export type Disruption =
  | 'DeletionByPodGC'
  | 'DeletionByTaintManager'
  | 'EvictionByEvictionAPI'
  | 'PreemptionByScheduler';

/** What a pod's status says, before it is deleted, of a deletion that is no fault of its own. */
export const disruptionTarget = (
  reason: Disruption,
  message: string,
  lastTransitionTime: string,
): PodCondition => ({
  type: 'DisruptionTarget',
  status: 'True',
  reason,
  message,
  lastTransitionTime,
});
