import {
  isConditionTrue,
  isPodReady,
  isPodTerminal,
  type Job,
  parseTime,
  type Pod,
} from '#shared/api';
import { failurePolicy } from './failure-policy.ts';
import { formatIndexes, indexOf } from './indexes.ts';
import { hasFailed, isTracked, type Ledger, ledgerOf } from './ledger.ts';

type Status = NonNullable<Job['status']>;
type Condition = NonNullable<Status['conditions']>[number];

/** What a Job's pods have come to. */
interface Tally {
  readonly ledger: Ledger;
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** Those that are still there, without the ones that the failure policy ignores. */
  readonly failed: readonly Pod[];
}

export interface JobPlan {
  /** Indexes of the pods to make: undefined for pods without one. */
  readonly create: readonly (number | undefined)[];
  /** More than are wanted: they go without being counted. */
  readonly surplus: readonly Pod[];
  /** Of a Job that is about to end. */
  readonly remove: readonly Pod[];
  /** Pods that may go once the status is written. */
  readonly settled: readonly Pod[];
  /** Pods that somebody else made, to be counted too. */
  readonly adopted: readonly Pod[];
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
  const { settled } = tally.ledger;
  const adopted = tally.active.filter((pod) => !isTracked(pod));
  const none = { create: [], surplus: [], remove: [], settled, adopted };
  const suspended = spec?.suspend === true;
  const startTime = suspended ? undefined : (status.startTime ?? now.timestamp);
  const base = statusOf(job, tally, startTime);
  const decision = decided(job) ?? decide(job, pods, tally, startTime, now.ms);
  if (decision) return { ...none, ...finish(job, base, tally, decision, now.timestamp) };
  if (suspended) {
    const conditions = suspension(status.conditions, true, now.timestamp);
    return { ...none, surplus: tally.active, status: { ...base, conditions } };
  }
  const conditions = suspension(status.conditions, false, now.timestamp);
  const running = { ...base, ...(conditions.length > 0 && { conditions }) };
  return {
    ...none,
    ...nextPods(job, tally, now.ms, backoffMs),
    status: running,
    ...deadline(job, running, now.ms),
  };
}

function tallyOf(job: Job, pods: readonly Pod[]): Tally {
  const leaving = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;
  return {
    ledger: ledgerOf(job, pods),
    active: pods.filter((pod) => !isPodTerminal(pod) && !leaving(pod)),
    terminating: pods.filter((pod) => !isPodTerminal(pod) && leaving(pod)),
    failed: pods.filter(
      (pod) =>
        // One that was let go uncounted, to be fewer, has not failed.
        (isPodTerminal(pod) || isTracked(pod)) &&
        hasFailed(job, pod) &&
        failurePolicy(job, pod)?.action !== 'Ignore',
    ),
  };
}

function statusOf(job: Job, { ledger, active, terminating }: Tally, startTime?: string): Status {
  const { conditions } = job.status ?? {};
  const { counted, uncounted, indexes } = ledger;
  return {
    active: active.length,
    ready: active.filter(isPodReady).length,
    terminating: terminating.length,
    ...counted,
    ...(startTime !== undefined && { startTime }),
    ...(indexes && indexes.size > 0 && { completedIndexes: formatIndexes(indexes) }),
    ...(conditions && { conditions }),
    uncountedTerminatedPods: Object.fromEntries(
      Object.entries(uncounted).filter(([, uids]) => uids.length > 0),
    ),
  };
}

function isComplete(job: Job, { ledger, active }: Tally): boolean {
  const { completions } = job.spec ?? {};
  if (completions === undefined) return ledger.succeeded > 0 && active.length === 0;
  return ledger.succeeded >= completions;
}

/** What is to become of a Job; it ends when none of its pods is left to be counted. */
type Decision = NonNullable<JobPlan['outcome']>;

/** The conditions that announce an end, by the end that they announce. */
const announcements = { Complete: 'SuccessCriteriaMet', Failed: 'FailureTarget' } as const;

function decided({ status }: Job): Decision | undefined {
  for (const type of ['Failed', 'Complete'] as const) {
    const found = status?.conditions?.find((each) => each.type === announcements[type]);
    if (found?.status !== 'True') continue;
    return { type, reason: found.reason ?? '', message: found.message ?? '' };
  }
  return undefined;
}

function decide(
  job: Job,
  pods: readonly Pod[],
  tally: Tally,
  startTime: string | undefined,
  nowMs: number,
): Decision | undefined {
  const failure = failureOf(job, pods, tally, startTime, nowMs);
  if (failure) return { type: 'Failed', ...failure };
  if (!isComplete(job, tally)) return undefined;
  const message = 'Reached expected number of succeeded pods';
  return { type: 'Complete', reason: 'CompletionsReached', message };
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
  if (tally.ledger.failed > backoffLimit || restartedTooOften(job, tally)) {
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
  { ledger, active, terminating }: Tally,
  decision: Decision,
  timestamp: string,
): Pick<JobPlan, 'remove' | 'status' | 'outcome'> {
  const { type } = decision;
  const { succeeded, failed } = ledger.uncounted;
  const left = active.length + terminating.length + succeeded.length + failed.length;
  const announced = [...(job.status?.conditions ?? [])];
  const add = (name: string): void => {
    const times = { lastProbeTime: timestamp, lastTransitionTime: timestamp };
    if (announced.some((each) => each.type === name && each.status === 'True')) return;
    announced.push({ ...decision, type: name, status: 'True', ...times });
  };
  add(announcements[type]);
  if (left > 0) return { remove: active, status: { ...base, conditions: announced } };
  add(type);
  return {
    remove: [],
    outcome: decision,
    status: {
      ...base,
      ...(type === 'Complete' && { completionTime: timestamp }),
      conditions: announced,
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
): Partial<Pick<JobPlan, 'create' | 'surplus' | 'requeueAfterMs'>> {
  const { active, failed, ledger } = tally;
  const { parallelism = 1, completions } = job.spec ?? {};
  const { indexes: done, succeeded: achieved } = ledger;
  const wanted =
    completions === undefined
      ? achieved > 0
        ? active.length
        : parallelism
      : Math.min(parallelism, completions - achieved);
  const surplus = active.length - wanted;
  if (surplus > 0) return { surplus: surplusOf(active, surplus) };
  // A pod that is on its way out is replaced at once, or where the policy says so when it has ended.
  const waiting = job.spec?.podReplacementPolicy === 'Failed' ? tally.terminating.length : 0;
  const missing = Math.min(wanted - active.length - waiting, burst);
  if (missing <= 0) return {};
  const wait = failed.length === 0 ? 0 : backoffUntil(failed, backoffMs) - nowMs;
  if (wait > 0) return { requeueAfterMs: wait };
  if (!done) return { create: Array.from({ length: missing }, () => undefined) };
  const taken = new Set([...done, ...active.map(indexOf)]);
  const free: number[] = [];
  for (let index = 0; index < (completions ?? 0) && free.length < missing; index++) {
    if (!taken.has(index)) free.push(index);
  }
  return { create: free };
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
  const { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata ?? {};
  const deleted = (parseTime(deletionTimestamp) ?? 0) - deletionGracePeriodSeconds * 1_000;
  return Math.max(parseTime(creationTimestamp) ?? 0, deleted, ...ends);
}

function deadline(job: Job, status: Status, nowMs: number): { requeueAfterMs?: number } {
  const seconds = job.spec?.activeDeadlineSeconds;
  const start = parseTime(status.startTime);
  if (seconds === undefined || start === undefined) return {};
  return { requeueAfterMs: Math.max(start + seconds * 1_000 - nowMs, 1) };
}
