import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  getCondition,
  parseTime,
  type ReplicaSet,
} from '#shared/api';
import {
  availableOf,
  desiredReplicas,
  fenceposts,
  replicasOf,
  splitByTemplate,
  sum,
} from './replica-sets.ts';

/** Every pod is of the present template and available, and the controller has seen the last change. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

/** What `rollout status`, `get` and `wait` read; conditions as Kubernetes sets them. */
export function deploymentStatus(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  now: { readonly ms: number; readonly timestamp: string },
): DeploymentStatus {
  const { current } = splitByTemplate(deployment, replicaSets);
  const available = sum(replicaSets, availableOf);
  const { collisionCount, conditions } = deployment.status ?? {};
  const counts: DeploymentStatus = {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: sum(replicaSets, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(replicaSets, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(replicaSets, replicasOf) - available),
    ...(collisionCount !== undefined && { collisionCount }),
  };
  const next = [
    availability(deployment, available),
    progress(deployment, counts, current, now.ms),
    failure(replicaSets),
  ].filter((condition) => condition !== undefined);
  const kept = (conditions ?? []).filter(({ type }) => !ownTypes.has(type));
  return {
    ...counts,
    conditions: [
      ...kept,
      ...next.map((condition) => stamped(conditions, condition, now.timestamp)),
    ],
  };
}

type Statement = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'> & {
  /** Said again because something moved: lastUpdateTime moves with it. */
  readonly moved?: boolean;
};

const ownTypes: ReadonlySet<string> = new Set(['Available', 'Progressing', 'ReplicaFailure']);

/** lastUpdateTime moves with the reason, lastTransitionTime only with the status. */
function stamped(
  conditions: readonly DeploymentCondition[] | undefined,
  { moved = false, ...condition }: Statement,
  timestamp: string,
): DeploymentCondition {
  const known = getCondition(conditions, condition.type);
  const same = known?.status === condition.status;
  if (known && same && known.reason === condition.reason && !moved) return known;
  const lastTransitionTime = same ? (known.lastTransitionTime ?? timestamp) : timestamp;
  return { ...condition, lastUpdateTime: timestamp, lastTransitionTime };
}

function availability(deployment: Deployment, available: number): Statement {
  const enough = available >= desiredReplicas(deployment) - fenceposts(deployment).unavailable;
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

const progressing = (reason: string, message: string, moved = false): Statement => ({
  type: 'Progressing',
  status: 'True',
  reason,
  message,
  moved,
});

function progress(
  deployment: Deployment,
  counts: DeploymentStatus,
  current: ReplicaSet | undefined,
  nowMs: number,
): Statement | undefined {
  const known = getCondition(deployment.status?.conditions, 'Progressing');
  if (deployment.spec?.paused) {
    const message = 'Deployment is paused';
    return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message };
  }
  if (deadlineMs(deployment) === undefined) return undefined;
  const name = current?.metadata?.name ?? '';
  const subject = current
    ? `ReplicaSet ${JSON.stringify(name)}`
    : `Deployment ${JSON.stringify(deployment.metadata?.name ?? '')}`;
  const settled =
    known?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas;
  // A pod lost after the rollout was done does not make it a rollout again.
  if (settled && known.message?.includes(subject)) return known;
  if (isComplete(deployment, counts)) {
    return progressing('NewReplicaSetAvailable', `${subject} has successfully progressed.`);
  }
  if (known?.reason === 'DeploymentPaused') {
    return progressing('DeploymentResumed', 'Deployment is resumed');
  }
  const first = !known || known.reason === 'NewReplicaSetAvailable';
  if (first && current) {
    const made = `Created new replica set ${JSON.stringify(name)}`;
    return progressing('NewReplicaSetCreated', made);
  }
  if (hasMoved(deployment.status ?? {}, counts)) {
    return progressing('ReplicaSetUpdated', `${subject} is progressing.`, true);
  }
  if (isOverdue(deployment, known, nowMs)) {
    return {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${subject} has timed out progressing.`,
    };
  }
  return known;
}

function hasMoved(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number =>
    replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** Kubernetes takes the largest 32-bit number for "never". */
function deadlineMs({ spec }: Deployment): number | undefined {
  const seconds = spec?.progressDeadlineSeconds ?? 600;
  return seconds === 2_147_483_647 ? undefined : seconds * 1_000;
}

function isOverdue(
  deployment: Deployment,
  known: DeploymentCondition | undefined,
  nowMs: number,
): boolean {
  if (known?.reason === 'ProgressDeadlineExceeded') return true;
  return (msToDeadline(deployment, known, nowMs) ?? 1) <= 0;
}

function msToDeadline(
  deployment: Deployment,
  known: DeploymentCondition | undefined,
  nowMs: number,
): number | undefined {
  const since = parseTime(known?.lastUpdateTime);
  const limit = deadlineMs(deployment);
  return since === undefined || limit === undefined ? undefined : since + limit - nowMs;
}

/** When to look again because nothing may happen until the deadline; undefined: no need to. */
export function msToProgressCheck(deployment: Deployment, status: DeploymentStatus, nowMs: number) {
  const known = getCondition(status.conditions, 'Progressing');
  const waiting = known?.status === 'True' && known.reason !== 'NewReplicaSetAvailable';
  const left = waiting ? msToDeadline(deployment, known, nowMs) : undefined;
  return left === undefined ? undefined : Math.max(0, left) + 1_000;
}

/** A ReplicaSet that cannot create its pods speaks for the Deployment. */
function failure(replicaSets: readonly ReplicaSet[]): Statement | undefined {
  for (const { status } of replicaSets) {
    const condition = getCondition(status?.conditions, 'ReplicaFailure');
    if (condition?.status !== 'True') continue;
    const { type, status: value, reason = '', message = '' } = condition;
    return { type, status: value, reason, message };
  }
  return undefined;
}
