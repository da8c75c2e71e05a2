import {
  getCondition,
  isPodActive,
  isPodAvailable,
  isPodReady,
  type Pod,
  type ReplicaSet,
  type ReplicaSetStatus,
  setCondition,
} from '#shared/api';

type Condition = NonNullable<ReplicaSetStatus['conditions']>[number];

export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

/** The status that a ReplicaSet with these pods has. */
export function replicaSetStatus(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  failure: ReplicaFailure | undefined,
  now: { readonly ms: number; readonly timestamp: string },
): ReplicaSetStatus {
  const { spec, status, metadata } = replicaSet;
  const active = pods.filter(isPodActive);
  const templateLabels = Object.entries(spec?.template?.metadata?.labels ?? {});
  const labeled = active.filter(({ metadata }) =>
    templateLabels.every(([key, value]) => metadata?.labels?.[key] === value),
  );
  const minReadySeconds = spec?.minReadySeconds ?? 0;
  const available = active.filter((pod) => isPodAvailable(pod, minReadySeconds, now.ms));
  const conditions = withFailure(status?.conditions, failure, now.timestamp);
  return {
    replicas: active.length,
    fullyLabeledReplicas: labeled.length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: available.length,
    observedGeneration: metadata?.generation ?? 0,
    ...(conditions.length > 0 && { conditions }),
  };
}

function withFailure(
  conditions: readonly Condition[] | undefined,
  failure: ReplicaFailure | undefined,
  timestamp: string,
): Condition[] {
  const type = 'ReplicaFailure';
  if (!failure) return (conditions ?? []).filter((condition) => condition.type !== type);
  if (getCondition(conditions, type)?.reason === failure.reason) return [...(conditions ?? [])];
  return setCondition<Condition>(conditions, {
    type,
    status: 'True',
    ...failure,
    lastTransitionTime: timestamp,
  });
}
