import {
  type Container,
  type ContainerState as ApiContainerState,
  type ContainerStatus as ApiContainerStatus,
  isPodTerminal,
  type Pod,
  type PodCondition,
  type PodStatus,
} from '#shared/api';
import type { ContainerStatus } from '../runtime/runtime.ts';

export interface Waiting {
  readonly reason: string;
  readonly message?: string | undefined;
}

/** What the agent knows of one container of the manifest. */
export interface ContainerView {
  readonly container: Container;
  /** The newest attempt and the one before it, where there are any. */
  readonly current?: ContainerStatus | undefined;
  readonly previous?: ContainerStatus | undefined;
  /** Why there is no running attempt, where one is wanted. */
  readonly waiting?: Waiting | undefined;
  readonly started: boolean;
  readonly ready: boolean;
}

export interface PodView {
  readonly pod: Pod;
  readonly init: readonly ContainerView[];
  readonly main: readonly ContainerView[];
  readonly ephemeral: readonly ContainerView[];
  /** Absent: the pod has no sandbox. */
  readonly podIp?: string | undefined;
  readonly hostIp: string;
  readonly runtimeName: string;
  /** RFC 3339 in seconds. */
  readonly now: string;
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** The pod's status as kubelet would write it: a function of what runs and what was there before. */
export function podStatus(view: PodView): PodStatus {
  const { pod, hostIp, podIp, now } = view;
  const before = pod.status;
  const initStatuses = view.init.map((one) => containerStatus(one, view, true));
  const mainStatuses = view.main.map((one) => containerStatus(one, view, false));
  const ephemeralStatuses = view.ephemeral.map((one) => ({
    ...containerStatus(one, view, false),
    // Nobody waits for it to be ready.
    ready: false,
  }));
  const phase = podPhase(view, initStatuses, mainStatuses);
  const sorted = mainStatuses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    phase,
    conditions: conditions(view, phase, initStatuses, mainStatuses),
    ...(before?.reason !== undefined && { reason: before.reason }),
    ...(before?.message !== undefined && { message: before.message }),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }] as NonNullable<PodStatus['hostIPs']>,
    ...(podIp !== undefined && { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: before?.startTime ?? now,
    ...(initStatuses.length > 0 && { initContainerStatuses: initStatuses }),
    containerStatuses: sorted,
    ...(ephemeralStatuses.length > 0 && { ephemeralContainerStatuses: ephemeralStatuses }),
    qosClass: before?.qosClass ?? qosClass(pod),
  };
}

function containerStatus(view: ContainerView, pod: PodView, init: boolean): ApiContainerStatus {
  const { container, current, previous, waiting } = view;
  const running = current?.state === 'running';
  const state = containerState(view, pod);
  const last = waiting && current?.state === 'exited' ? current : previous;
  const done = init && current?.state === 'exited' && current.exitCode === 0;
  return {
    name: container.name,
    state,
    lastState: last?.state === 'exited' ? { terminated: terminated(last, pod) } : {},
    ready: done || (running && view.ready),
    restartCount: current?.attempt ?? 0,
    image: container.image ?? '',
    imageID: '',
    ...(current && { containerID: `${pod.runtimeName}://${current.id}` }),
    started: running && view.started,
  };
}

function containerState(view: ContainerView, pod: PodView): ApiContainerState {
  const { current, waiting } = view;
  if (current?.state === 'running') return { running: { startedAt: time(current.startedAt) } };
  if (waiting) {
    const { reason, message } = waiting;
    return { waiting: { reason, ...(message !== undefined && { message }) } };
  }
  if (current?.state === 'exited') return { terminated: terminated(current, pod) };
  const reason = pod.init.length > 0 ? 'PodInitializing' : 'ContainerCreating';
  return { waiting: { reason } };
}

function terminated(
  status: ContainerStatus,
  { runtimeName }: PodView,
): NonNullable<ApiContainerState['terminated']> {
  const { exitCode = 0, signal, reason, message, startedAt, finishedAt } = status;
  return {
    exitCode,
    ...(signal !== undefined && { signal }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    startedAt: time(startedAt),
    finishedAt: time(finishedAt),
    containerID: `${runtimeName}://${status.id}`,
  };
}

function time(ms = 0): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function podPhase(
  { pod, init }: PodView,
  initStatuses: readonly ApiContainerStatus[],
  statuses: readonly ApiContainerStatus[],
): Phase {
  // The end is the end, whatever is seen afterwards.
  if (isPodTerminal(pod)) return pod.status?.phase as Phase;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const begun = statuses.some((status) => status.containerID !== undefined);
  for (const [i, status] of initStatuses.entries()) {
    const sidecar = init[i]?.container.restartPolicy === 'Always';
    const exitCode = status.state?.terminated?.exitCode;
    if (begun || exitCode === 0 || (sidecar && status.started)) continue;
    return exitCode !== undefined && !sidecar && policy === 'Never' ? 'Failed' : 'Pending';
  }
  const count = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of statuses) {
    if (state?.running) count.running++;
    else if (state?.terminated) {
      count.stopped++;
      if (state.terminated.exitCode === 0) count.succeeded++;
    } else if (lastState?.terminated) count.stopped++;
    else count.waiting++;
  }
  if (count.waiting > 0) return 'Pending';
  if (count.running > 0 || policy === 'Always') return 'Running';
  // Deleted pods end as their containers did, whatever the policy says of restarts.
  if (count.stopped === count.succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

/** A container of a pod that is deleted is not restarted: then its last end decides. */
export function finalPhase(status: PodStatus): PodStatus {
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return status;
  const failed = (status.containerStatuses ?? []).some(
    ({ state }) => state?.terminated?.exitCode !== 0,
  );
  return { ...status, phase: failed ? 'Failed' : 'Succeeded' };
}

function conditions(
  view: PodView,
  phase: Phase,
  initStatuses: readonly ApiContainerStatus[],
  statuses: readonly ApiContainerStatus[],
): PodCondition[] {
  const over = phase === 'Succeeded' || phase === 'Failed';
  const begun = statuses.some((status) => status.containerID !== undefined);
  const uninitialized = initStatuses.filter((status) => !status.ready).map(({ name }) => name);
  const initialized = begun || phase === 'Succeeded' || uninitialized.length === 0;
  const unready = statuses.filter((status) => !status.ready).map(({ name }) => name);
  const list = (names: readonly string[]): string => `[${names.join(' ')}]`;
  const ready: Verdict = over
    ? { ok: false, reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' }
    : {
        ok: unready.length === 0,
        reason: 'ContainersNotReady',
        message: `containers with unready status: ${list(unready)}`,
      };
  const verdicts: Record<OwnCondition, Verdict> = {
    PodReadyToStartContainers: { ok: view.podIp !== undefined && !over },
    Initialized: {
      ok: initialized,
      reason: 'ContainersNotInitialized',
      message: `containers with incomplete status: ${list(uninitialized)}`,
    },
    Ready: ready,
    ContainersReady: ready,
    PodScheduled: { ok: true },
  };
  const before = view.pod.status?.conditions ?? [];
  const own = ownConditions.map((type) => condition(type, verdicts[type], before, view));
  return [...own, ...before.filter(({ type }) => !isOwn(type))];
}

/** What agents say of pods; other conditions are others' to say. */
const ownConditions = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
] as const;
type OwnCondition = (typeof ownConditions)[number];

export const isOwn = (type: string): boolean => ownConditions.some((each) => each === type);

interface Verdict {
  readonly ok: boolean;
  /** Said only where it is not ok. */
  readonly reason?: string;
  readonly message?: string;
}

function condition(
  type: string,
  { ok, reason, message }: Verdict,
  before: readonly PodCondition[],
  { now }: PodView,
): PodCondition {
  const status = ok ? 'True' : 'False';
  const earlier = before.find((one) => one.type === type);
  const same = earlier?.status === status;
  return {
    type,
    status,
    lastTransitionTime: same && earlier.lastTransitionTime ? earlier.lastTransitionTime : now,
    ...(!ok && reason !== undefined && { reason }),
    ...(!ok && message !== undefined && { message }),
  };
}

/** Kubernetes' quality of service, from requests and limits of cpu and memory. */
function qosClass({ spec }: Pod): string {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const named = ['cpu', 'memory'] as const;
  const guaranteed = all.every(({ resources }) =>
    named.every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && (resources?.requests?.[name] ?? limit) === limit;
    }),
  );
  if (guaranteed) return 'Guaranteed';
  const any = all.some(({ resources }) =>
    named.some((name) => resources?.limits?.[name] ?? resources?.requests?.[name]),
  );
  return any ? 'Burstable' : 'BestEffort';
}
