import { type Container, isPodActive, type Pod, type PodStatus } from '#shared/api';
import type { Prober } from '../probes/prober.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import type { VolumePaths } from '../volumes/volumes.ts';
import type { Waiting } from './pod-status.ts';
import { type BackoffLimits, RestartBackoff } from './restart-backoff.ts';

/** All that the agent keeps in memory of one pod. What must outlive the agent is the runtime's. */
export interface PodRecord {
  readonly uid: string;
  /** As last seen; its status may be what we wrote ourselves. */
  pod: Pod;
  /** Known from a former agent only: the API server may know better. */
  restored: boolean;
  /** The object is gone from the API: stop what is left, and forget it. */
  gone: boolean;
  /** The status that the API server should have. */
  status: PodStatus | undefined;
  /** Every container has ended and the object may go. */
  finished: boolean;
  /** The next agent will know that nothing of it is to be started. */
  sealed: boolean;
  readonly backoff: RestartBackoff;
  /** By container id. */
  readonly probers: Map<string, Prober>;
  /** Container ids that are being stopped, with the earliest end asked for (monotonic). */
  readonly stopping: Map<string, number>;
  /** By container name: why its next attempt is not made now. */
  readonly waiting: Map<string, Waiting>;
  /** By container name: its last environment, for restarts while no API server answers. */
  readonly environments: Map<string, Readonly<Record<string, string>>>;
  /** Where its volumes are, as last set up. */
  volumes: VolumePaths;
  /** What has been said in an event and is not said again. */
  readonly said: Set<string>;
}

export function newPodRecord(pod: Pod, limits: BackoffLimits): PodRecord {
  return {
    uid: pod.metadata?.uid ?? '',
    pod,
    restored: false,
    gone: false,
    status: undefined,
    finished: false,
    sealed: false,
    backoff: new RestartBackoff(limits),
    probers: new Map(),
    stopping: new Map(),
    waiting: new Map(),
    environments: new Map(),
    volumes: new Map(),
    said: new Set(),
  };
}

/** Whether anything of it may be started. */
export const mayStart = ({ gone, pod }: PodRecord): boolean => !gone && isPodActive(pod);

/** Init containers first, as they run; those that were added to look around last. */
export function allContainers({ spec }: Pod): Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers];
}

/** Each container's newest attempt, from a list with the oldest first. */
export function newestAttempts(
  containers: readonly ContainerStatus[],
): Map<string, ContainerStatus> {
  return new Map(containers.map((status) => [status.name, status]));
}

/** From the manifest or the deletion, in milliseconds. */
export function graceMs({ metadata = {}, spec }: Pod): number {
  return (metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30) * 1000;
}
