import type { Container, Pod } from '#shared/api';
import type { ContainerStatus } from '../runtime/runtime.ts';
import type { Waiting } from './pod-status.ts';
import type { RestartBackoff } from './restart-backoff.ts';

export interface PlanInput {
  readonly pod: Pod;
  /** Each container's newest attempt, by container name. */
  readonly current: ReadonlyMap<string, ContainerStatus>;
  readonly backoff: Pick<RestartBackoff, 'remainingMs' | 'delayMs'>;
  readonly isStarted: (containerId: string) => boolean;
  /** Which probe condemns a running container. */
  readonly failing: (containerId: string) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Start {
  readonly container: Container;
  readonly attempt: number;
  /** Created by an agent that died before it started it. */
  readonly created?: ContainerStatus | undefined;
  /** The end that this start is the answer to. */
  readonly after?: ContainerStatus | undefined;
}

export interface Stop {
  readonly container: Container;
  readonly id: string;
  readonly message: string;
}

export interface PodPlan {
  readonly starts: Start[];
  readonly stops: Stop[];
  /** By container name: those that wait out a back-off. */
  readonly backingOff: Map<string, Waiting>;
  /** When the next back-off is over, from now. */
  wakeMs: number | undefined;
  /** Nothing of this pod will run again. */
  over: boolean;
}

/**
 * What to do so that the pod becomes what its manifest says: init containers one after the other,
 * then all the others; containers restarted as the policy says, each after its back-off.
 */
export function planPod(input: PlanInput): PodPlan {
  const { pod, current } = input;
  const plan: PodPlan = {
    starts: [],
    stops: [],
    backingOff: new Map(),
    wakeMs: undefined,
    over: false,
  };
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const containers = pod.spec?.containers ?? [];
  const begun = containers.some(({ name }) => current.has(name));
  for (const init of pod.spec?.initContainers ?? []) {
    const status = current.get(init.name);
    if (init.restartPolicy === 'Always') {
      consider(init, 'Always', input, plan);
      const started = status?.state === 'running' && input.isStarted(status.id);
      if (!begun && !started) return plan;
      continue;
    }
    if (begun || (status?.state === 'exited' && status.exitCode === 0)) continue;
    plan.over = status?.state === 'exited' && policy === 'Never';
    if (!plan.over) consider(init, policy === 'Never' ? 'Never' : 'OnFailure', input, plan);
    return plan;
  }
  for (const container of containers) consider(container, policy, input, plan);
  // Once: they are not part of what the pod is for.
  for (const container of pod.spec?.ephemeralContainers ?? []) {
    consider(container, 'Never', input, plan);
  }
  plan.over = containers.every(({ name }) => {
    const status = current.get(name);
    return status?.state === 'exited' && !restarts(policy, status);
  });
  return plan;
}

function consider(container: Container, policy: string, input: PlanInput, plan: PodPlan): void {
  const { pod, current, backoff, now } = input;
  const { name } = container;
  const status = current.get(name);
  if (!status) {
    plan.starts.push({ container, attempt: 0 });
  } else if (status.state === 'created') {
    plan.starts.push({ container, attempt: status.attempt, created: status });
  } else if (status.state === 'running') {
    const probe = input.failing(status.id);
    const message = `Container ${name} failed ${probe} probe, will be restarted`;
    if (probe !== undefined) plan.stops.push({ container, id: status.id, message });
  } else if (restarts(policy, status)) {
    const remainingMs = backoff.remainingMs(name, status.finishedAt ?? 0, now);
    if (remainingMs === 0) {
      plan.starts.push({ container, attempt: status.attempt + 1, after: status });
      return;
    }
    plan.wakeMs = Math.min(plan.wakeMs ?? remainingMs, remainingMs);
    const delay = formatDelay(backoff.delayMs(name));
    plan.backingOff.set(name, {
      reason: 'CrashLoopBackOff',
      message: `back-off ${delay} restarting failed container=${name} pod=${podTitle(pod)}`,
    });
  }
}

function restarts(policy: string, { exitCode }: ContainerStatus): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** As Go prints a duration: 10s, 1m20s. */
function formatDelay(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** How kubelet names a pod in messages. */
export function podTitle({ metadata = {} }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
}
