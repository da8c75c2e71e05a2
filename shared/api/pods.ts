import { getCondition, isConditionTrue } from './conditions.ts';
import { parseTime } from './time.ts';
import type { ContainerState, ContainerStatus, Pod } from './types.ts';

export const isPodReady = (pod: Pod): boolean => isConditionTrue(pod.status?.conditions, 'Ready');

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  if (!isPodReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = parseTime(getCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime);
  return since !== undefined && since + minReadySeconds * 1000 <= nowMs;
}

/** Succeeded or Failed: its containers have ended for good. */
export const isPodTerminal = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts for a controller: neither ended nor on its way out. */
export const isPodActive = (pod: Pod): boolean =>
  !isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined;

/** kubectl's columns of a pod that need more than one field. */
export interface PodSummary {
  /** STATUS: the phase, or what is more telling, such as CrashLoopBackOff. */
  readonly status: string;
  readonly readyContainers: number;
  readonly totalContainers: number;
  readonly restarts: number;
  /** When a container last ended before its latest start, milliseconds. */
  readonly lastRestartMs: number | undefined;
}

/** As kubectl's printer decides them. */
export function summarizePod(pod: Pod): PodSummary {
  const { status = {}, spec } = pod;
  const initializing = initReason(pod);
  const initialized =
    initializing === undefined || isConditionTrue(status.conditions, 'Initialized');
  const counted = (initialized ? status.containerStatuses : status.initContainerStatuses) ?? [];
  let reason = initializing ?? status.reason ?? status.phase ?? 'Unknown';
  let running = 0;
  if (initialized) {
    // The first container's reason wins, so they are read last to first.
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      const said = stateReason(container.state);
      if (said !== undefined) reason = said;
      else if (container.ready && container.state?.running) running += 1;
    }
    if (reason === 'Completed' && running > 0) reason = isPodReady(pod) ? 'Running' : 'NotReady';
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (!isPodTerminal(pod)) reason = 'Terminating';
  }
  return {
    status: reason,
    readyContainers: running,
    totalContainers: spec?.containers.length ?? 0,
    restarts: counted.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
    lastRestartMs: lastRestart(counted),
  };
}

/** STATUS of a pod whose init containers are not done; undefined once they are. */
function initReason(pod: Pod): string | undefined {
  const total = pod.spec?.initContainers?.length ?? 0;
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (const [i, { state }] of statuses.entries()) {
    if (state?.terminated?.exitCode === 0) continue;
    const reason = stateReason(state);
    if (reason === undefined || reason === 'PodInitializing') return `Init:${i}/${total}`;
    return `Init:${reason}`;
  }
  return undefined;
}

function stateReason(state: ContainerState | undefined): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason;
  const { terminated } = state ?? {};
  if (!terminated) return undefined;
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function lastRestart(statuses: readonly ContainerStatus[]): number | undefined {
  const ends = statuses
    .map((container) => parseTime(container.lastState?.terminated?.finishedAt))
    .filter((ms) => ms !== undefined);
  return ends.length === 0 ? undefined : Math.max(...ends);
}
