import type { Deployment } from '#shared/api';

export interface RolloutProgress {
  /** Empty where there is nothing to wait for any more. */
  readonly message: string;
  readonly done: boolean;
  /** Why it will not be done any more. */
  readonly failed?: string;
}

/** How far a deployment's rollout is, judged and worded as `kubectl rollout status` does. */
export function rolloutProgress(deployment: Deployment): RolloutProgress {
  const { metadata = {}, spec, status = {} } = deployment;
  const name = metadata.name ?? '';
  const waiting = (why: string): RolloutProgress => ({
    message: `Waiting for deployment "${name}" rollout to finish: ${why}...`,
    done: false,
  });
  if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0)) {
    return { message: 'Waiting for deployment spec update to be observed...', done: false };
  }
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    const failed = `deployment "${name}" exceeded its progress deadline`;
    return { message: '', done: false, failed };
  }
  const wanted = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  if (updatedReplicas < wanted) {
    return waiting(`${updatedReplicas} out of ${wanted} new replicas have been updated`);
  }
  if (replicas > updatedReplicas) {
    return waiting(`${replicas - updatedReplicas} old replicas are pending termination`);
  }
  if (availableReplicas < updatedReplicas) {
    return waiting(`${availableReplicas} of ${updatedReplicas} updated replicas are available`);
  }
  return { message: `deployment "${name}" successfully rolled out`, done: true };
}
