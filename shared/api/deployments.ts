import { getCondition } from './conditions.ts';
import type { Deployment } from './types.ts';

export interface RolloutStatus {
  /** One line as `kubectl rollout status` prints it. */
  readonly message: string;
  readonly done: boolean;
  /** The progress deadline has passed. */
  readonly failed: boolean;
}

/** How far a Deployment's rollout is. */
export function rolloutStatus(deployment: Deployment): RolloutStatus {
  const { metadata = {}, spec, status = {} } = deployment;
  const name = JSON.stringify(metadata.name ?? '');
  const going = (message: string): RolloutStatus => ({ message, done: false, failed: false });
  if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0)) {
    return going('Waiting for deployment spec update to be observed...');
  }
  const progressing = getCondition(status.conditions, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    const message = `deployment ${name} exceeded its progress deadline`;
    return { message, done: false, failed: true };
  }
  const desired = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const waiting = `Waiting for deployment ${name} rollout to finish:`;
  if (updatedReplicas < desired) {
    return going(
      `${waiting} ${updatedReplicas} out of ${desired} new replicas have been updated...`,
    );
  }
  if (replicas > updatedReplicas) {
    return going(
      `${waiting} ${replicas - updatedReplicas} old replicas are pending termination...`,
    );
  }
  if (availableReplicas < updatedReplicas) {
    return going(
      `${waiting} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`,
    );
  }
  return { message: `deployment ${name} successfully rolled out`, done: true, failed: false };
}
