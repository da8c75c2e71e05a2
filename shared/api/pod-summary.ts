import { isConditionTrue } from './conditions.ts';
import { isPodReady, isPodTerminal } from './pods.ts';
import { parseTime } from './time.ts';
import type { ContainerState, ContainerStatus, Pod } from './types.ts';

/** kubectl's columns of a pod that need more than one field. */
export interface PodSummary {
  /** STATUS: the phase, or what is more telling, such as CrashLoopBackOff. */
  readonly status: string;
  /** Sidecars (init containers that are always restarted) among them, as in totalContainers. */
  readonly readyContainers: number;
  readonly totalContainers: number;
  /** Of the init containers until they are done, then of sidecars and containers. */
  readonly restarts: number;
  /** When a container last ended before its latest start, milliseconds. */
  readonly lastRestartMs: number | undefined;
}

/** As kubectl's printer decides them. */
export function summarizePod(pod: Pod): PodSummary {
  const { status = {}, spec } = pod;
  const sidecars = sidecarNames(pod);
  const isSidecar = ({ name }: ContainerStatus): boolean => sidecars.has(name);
  const inits = status.initContainerStatuses ?? [];
  const containers = status.containerStatuses ?? [];
  const init = initProgress(inits, isSidecar, spec?.initContainers?.length ?? 0);
  const initialized =
    init.reason === undefined || isConditionTrue(status.conditions, 'Initialized');
  let reason = init.reason ?? status.reason ?? waitsToBeScheduled(pod) ?? status.phase ?? 'Unknown';
  let readyContainers = init.readySidecars;
  if (initialized) {
    const main = mainProgress(containers);
    readyContainers += main.ready;
    reason = main.reason ?? reason;
    if (reason === 'Completed' && main.ready > 0) reason = isPodReady(pod) ? 'Running' : 'NotReady';
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (!isPodTerminal(pod)) reason = 'Terminating';
  }
  const counted = initialized ? [...inits.filter(isSidecar), ...containers] : inits;
  return {
    status: reason,
    readyContainers,
    totalContainers: (spec?.containers.length ?? 0) + sidecars.size,
    restarts: counted.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
    lastRestartMs: lastRestart(counted),
  };
}

const sidecarNames = ({ spec }: Pod): Set<string> =>
  new Set(
    (spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );

function waitsToBeScheduled({ status }: Pod): string | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return scheduled?.reason === 'SchedulingGated' ? scheduled.reason : undefined;
}

/** STATUS of a pod whose init containers are not done (undefined once they are), and its sidecars. */
function initProgress(
  statuses: readonly ContainerStatus[],
  isSidecar: (container: ContainerStatus) => boolean,
  total: number,
): { reason: string | undefined; readySidecars: number } {
  let readySidecars = 0;
  for (const [i, container] of statuses.entries()) {
    const { state } = container;
    if (state?.terminated?.exitCode === 0) continue;
    if (isSidecar(container) && container.started) {
      if (container.ready) readySidecars += 1;
      continue;
    }
    const said = stateReason(state);
    const waits = said === undefined || said === 'PodInitializing';
    return { reason: waits ? `Init:${i}/${total}` : `Init:${said}`, readySidecars };
  }
  return { reason: undefined, readySidecars };
}

/** The first container's reason wins. */
function mainProgress(statuses: readonly ContainerStatus[]): {
  reason: string | undefined;
  ready: number;
} {
  let reason: string | undefined;
  let ready = 0;
  for (const container of statuses) {
    const said = stateReason(container.state);
    if (said !== undefined) reason ??= said;
    else if (container.ready && container.state?.running) ready += 1;
  }
  return { reason, ready };
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
