import {
  isConditionTrue,
  isPodReady,
  isPodTerminal,
  type Job,
  parseTime,
  type Pod,
} from '#shared/api';
import { failurePolicy } from './failure-policy.ts';
import { formatIndexes, indexOf, indexesOf } from './indexes.ts';

type Status = NonNullable<Job['status']>;
type Condition = NonNullable<Status['conditions']>[number];

/** What a Job's pods have come to. */
export interface Tally {
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  readonly succeeded: readonly Pod[];
  /** Without those that the failure policy ignores. */
  readonly failed: readonly Pod[];
}

export interface JobPlan {
  /** Indexes of the pods to make: undefined for pods without one. */
  readonly create: readonly (number | undefined)[];
  readonly remove: readonly Pod[];
  readonly status: Status;
  /** When to look again though nothing happens. */
  readonly requeueAfterMs?: number;
  /** What became of it just now. */
  readonly outcome?: { readonly type: 'Complete' | 'Failed'; reason: string; message: string };
}

/** Kubernetes' longest wait between two failures. */
const maxBackoffMs = 360_000;
const burst = 500;

export const isFinished = ({ status }: Job): boolean =>
  isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed');

/** What brings a Job forward, given its pods. `backoffMs` is the wait after the first failure. */
export function planJob(
  job: Job,
  pods: readonly Pod[],
  now: { readonly ms: number; readonly timestamp: string },
  backoffMs: number,
): JobPlan {
  const tally = tallyOf(job, pods);
  const { spec, status = {} } = job;
  const suspended = spec?.suspend === true;
  const startTime = suspended ? undefined : (status.startTime ?? now.timestamp);
  const base = statusOf(job, tally, startTime);
  const failure = failureOf(job, pods, tally, startTime, now.ms);
  if (failure) return finish(job, base, tally, { type: 'Failed', ...failure }, now.timestamp);
  if (isComplete(job, tally)) {
    const reason = 'CompletionsReached';
    const message = 'Reached expected number of succeeded pods';
    return finish(job, base, tally, { type: 'Complete', reason, message }, now.timestamp);
  }
  if (suspended) {
    const conditions = suspension(status.conditions, true, now.timestamp);
    return { create: [], remove: tally.active, status: { ...base, conditions } };
  }
  const conditions = suspension(status.conditions, false, now.timestamp);
  const running = { ...base, ...(conditions.length > 0 && { conditions }) };
  return {
    ...nextPods(job, tally, now.ms, backoffMs),
    status: running,
    ...deadline(job, running, now.ms),
  };
}

function tallyOf(job: Job, pods: readonly Pod[]): Tally {
  const is = (phase: string) => (pod: Pod) => pod.status?.phase === phase;
  const leaving = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;
  return {
    active: pods.filter((pod) => !isPodTerminal(pod) && !leaving(pod)),
    terminating: pods.filter((pod) => !isPodTerminal(pod) && leaving(pod)),
    succeeded: pods.filter(is('Succeeded')),
    failed: pods.filter(is('Failed')).filter((pod) => failurePolicy(job, pod)?.action !== 'Ignore'),
  };
}

function statusOf(job: Job, tally: Tally, startTime: string | undefined): Status {
  const { conditions } = job.status ?? {};
  return {
    active: tally.active.length,
    ready: tally.active.filter(isPodReady).length,
    terminating: tally.terminating.length,
    // Pods may be deleted by people; what they achieved is not taken back.
    succeeded: Math.max(tally.succeeded.length, isIndexed(job) ? 0 : (job.status?.succeeded ?? 0)),
    failed: Math.max(tally.failed.length, job.status?.failed ?? 0),
    ...(startTime !== undefined && { startTime }),
    ...(isIndexed(job) && succeededIndexes(job, tally)),
    ...(conditions && { conditions }),
    uncountedTerminatedPods: {},
  };
}

const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === 'Indexed';

function succeededIndexes(job: Job, tally: Tally): Pick<Status, 'completedIndexes' | 'succeeded'> {
  const done = doneIndexes(job, tally);
  return { succeeded: done.size, completedIndexes: formatIndexes(done) };
}

/** Those of before too: a pod that was deleted has still succeeded. */
function doneIndexes(job: Job, { succeeded }: Tally): Set<number> {
  const found = succeeded.map(indexOf).filter((index) => index !== undefined);
  return new Set([...indexesOf(job.status?.completedIndexes), ...found]);
}

function isComplete(job: Job, tally: Tally): boolean {
  const { completions } = job.spec ?? {};
  const succeeded = isIndexed(job)
    ? doneIndexes(job, tally).size
    : Math.max(tally.succeeded.length, job.status?.succeeded ?? 0);
  if (completions === undefined) return succeeded > 0 && tally.active.length === 0;
  return succeeded >= completions;
}

interface Failure {
  readonly reason: string;
  readonly message: string;
}

function failureOf(
  job: Job,
  pods: readonly Pod[],
  tally: Tally,
  startTime: string | undefined,
  nowMs: number,
): Failure | undefined {
  const { backoffLimit = 6, activeDeadlineSeconds } = job.spec ?? {};
  for (const pod of pods.filter(({ status }) => status?.phase === 'Failed')) {
    const match = failurePolicy(job, pod);
    if (match?.action === 'FailJob') return { reason: 'PodFailurePolicy', message: match.message };
  }
  const failed = Math.max(tally.failed.length, job.status?.failed ?? 0);
  if (failed > backoffLimit || restartedTooOften(job, tally)) {
    const message = 'Job has reached the specified backoff limit';
    return { reason: 'BackoffLimitExceeded', message };
  }
  const start = parseTime(startTime);
  if (activeDeadlineSeconds === undefined || start === undefined) return undefined;
  if (nowMs < start + activeDeadlineSeconds * 1_000) return undefined;
  const message = 'Job was active longer than specified deadline';
  return { reason: 'DeadlineExceeded', message };
}

/** Containers that are restarted in place count like failed pods. */
function restartedTooOften({ spec }: Job, { active }: Tally): boolean {
  if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const { backoffLimit = 6 } = spec;
  let restarts = 0;
  for (const { status } of active) {
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    for (const { restartCount } of all) restarts += restartCount;
  }
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function finish(
  job: Job,
  base: Status,
  tally: Tally,
  outcome: NonNullable<JobPlan['outcome']>,
  timestamp: string,
): JobPlan {
  const { type, reason, message } = outcome;
  const times = { lastProbeTime: timestamp, lastTransitionTime: timestamp };
  const condition: Condition = { type, status: 'True', reason, message, ...times };
  const others = (job.status?.conditions ?? []).filter((each) => each.type !== type);
  return {
    create: [],
    remove: tally.active,
    outcome,
    status: {
      ...base,
      active: 0,
      ready: 0,
      terminating: base.terminating ?? 0,
      ...(type === 'Complete' && { completionTime: timestamp }),
      conditions: [...others, condition],
    },
  };
}

function suspension(
  conditions: readonly Condition[] | undefined,
  suspended: boolean,
  timestamp: string,
): Condition[] {
  const list = [...(conditions ?? [])];
  const before = list.find(({ type }) => type === 'Suspended');
  const status = suspended ? 'True' : 'False';
  if (before?.status === status || (!before && !suspended)) return list;
  const condition: Condition = {
    type: 'Suspended',
    status,
    reason: suspended ? 'JobSuspended' : 'JobResumed',
    message: suspended ? 'Job suspended' : 'Job resumed',
    lastProbeTime: timestamp,
    lastTransitionTime: timestamp,
  };
  return [...list.filter(({ type }) => type !== 'Suspended'), condition];
}

/** How many pods more, or fewer, and not before the wait after a failure is over. */
function nextPods(
  job: Job,
  tally: Tally,
  nowMs: number,
  backoffMs: number,
): Pick<JobPlan, 'create' | 'remove' | 'requeueAfterMs'> {
  const { active, succeeded, failed } = tally;
  const { parallelism = 1, completions } = job.spec ?? {};
  const done = isIndexed(job) ? doneIndexes(job, tally) : undefined;
  const achieved = done?.size ?? Math.max(succeeded.length, job.status?.succeeded ?? 0);
  const wanted =
    completions === undefined
      ? achieved > 0
        ? active.length
        : parallelism
      : Math.min(parallelism, completions - achieved);
  const surplus = active.length - wanted;
  if (surplus > 0) return { create: [], remove: surplusOf(active, surplus) };
  // A pod that is on its way out is replaced at once, or where the policy says so when it has ended.
  const waiting = job.spec?.podReplacementPolicy === 'Failed' ? tally.terminating.length : 0;
  const missing = Math.min(wanted - active.length - waiting, burst);
  if (missing <= 0) return { create: [], remove: [] };
  const wait = failed.length === 0 ? 0 : backoffUntil(failed, backoffMs) - nowMs;
  if (wait > 0) return { create: [], remove: [], requeueAfterMs: wait };
  if (!done) return { create: Array.from({ length: missing }, () => undefined), remove: [] };
  const taken = new Set([...done, ...active.map(indexOf)]);
  const free: number[] = [];
  for (let index = 0; index < (completions ?? 0) && free.length < missing; index++) {
    if (!taken.has(index)) free.push(index);
  }
  return { create: free, remove: [] };
}

/** Those that have come least far go first. */
function surplusOf(active: readonly Pod[], count: number): Pod[] {
  const rank = (pod: Pod): number => (isPodReady(pod) ? 2 : pod.spec?.nodeName ? 1 : 0);
  return [...active].sort((a, b) => rank(a) - rank(b)).slice(0, count);
}

/** Twice as long after each failure. */
function backoffUntil(failed: readonly Pod[], backoffMs: number): number {
  const last = Math.max(...failed.map(endedAt));
  return last + Math.min(backoffMs * 2 ** (failed.length - 1), maxBackoffMs);
}

function endedAt({ metadata, status }: Pod): number {
  const ends = (status?.containerStatuses ?? []).map(
    ({ state }) => parseTime(state?.terminated?.finishedAt) ?? 0,
  );
  return Math.max(parseTime(metadata?.creationTimestamp) ?? 0, ...ends);
}

function deadline(job: Job, status: Status, nowMs: number): { requeueAfterMs?: number } {
  const seconds = job.spec?.activeDeadlineSeconds;
  const start = parseTime(status.startTime);
  if (seconds === undefined || start === undefined) return {};
  return { requeueAfterMs: Math.max(start + seconds * 1_000 - nowMs, 1) };
}
