import { type CronJob, type Job, newControllerRef, parseTime, refs } from '#shared/api';
import { isFinished } from '../job/plan.ts';
import { dueTimes } from './schedule.ts';

/** Where a Job says when it was due. */
const timeKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export interface CronPlan {
  /** When the Job that is due should have run, milliseconds. */
  readonly runAt?: number;
  readonly remove: readonly Job[];
  readonly nextAtMs?: number;
  /** Why what is due does not run. */
  readonly skipped?: {
    readonly reason: string;
    readonly message: string;
    readonly type: 'Normal' | 'Warning';
  };
}

/** What a CronJob does now: the Job that is due, if its policy lets it run. */
export function planCron(cron: CronJob, jobs: readonly Job[], nowMs: number): CronPlan {
  const { spec, metadata } = cron;
  if (!spec || spec.suspend) return { remove: [] };
  const created = parseTime(metadata?.creationTimestamp) ?? nowMs;
  const last = lastRun(cron, jobs) || created;
  const deadline = spec.startingDeadlineSeconds;
  const since = deadline === undefined ? last : Math.max(last, nowMs - deadline * 1_000);
  const { latest, next } = dueTimes(spec.schedule, spec.timeZone, since, nowMs);
  const later = next === undefined ? {} : { nextAtMs: next };
  if (latest === undefined) return { remove: [], ...later };
  const active = jobs.filter((job) => !isFinished(job));
  if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message =
      'Not starting job because prior execution is running and concurrency policy is Forbid';
    return {
      remove: [],
      ...later,
      skipped: { reason: 'JobAlreadyActive', message, type: 'Normal' },
    };
  }
  const remove = spec.concurrencyPolicy === 'Replace' ? active : [];
  return { runAt: latest, remove, ...later };
}

/** Named after its time: a run that is asked for twice is one. */
export function jobFor(cron: CronJob, runAtMs: number): Job {
  const { name = '', namespace } = cron.metadata ?? {};
  const { metadata, spec } = cron.spec?.jobTemplate ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-${Math.floor(runAtMs / 60_000)}`,
      ...(namespace !== undefined && { namespace }),
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: {
        ...metadata?.annotations,
        [timeKey]: rfc3339(runAtMs),
      },
      ownerReferences: [newControllerRef(cron, { ...refs.cronJobs, kind: 'CronJob' })],
    },
    ...(spec && { spec }),
  };
}

/** Jobs that have ended and that the status still calls active, with how they did. */
export function endedSince(
  { status }: CronJob,
  jobs: readonly Job[],
): { readonly job: Job; readonly condition: 'Complete' | 'Failed' }[] {
  const active = new Set((status?.active ?? []).map(({ uid }) => uid));
  return jobs
    .filter((job) => isFinished(job) && active.has(job.metadata?.uid))
    .map((job) => ({ job, condition: isComplete(job) ? 'Complete' : 'Failed' }));
}

/**
 * Finished Jobs beyond the two limits, the oldest. One of which the status does not say yet that it ran is not among
 * them: without it, its run would be due again.
 */
export function surplusHistory({ spec, status }: CronJob, jobs: readonly Job[]): Job[] {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = spec ?? {};
  const toldMs = parseTime(status?.lastScheduleTime) ?? 0;
  const known = jobs.filter((job) => isFinished(job) && dueMs(job) <= toldMs);
  const finished = known.sort((a, b) => startOf(a) - startOf(b));
  const succeeded = finished.filter(isComplete);
  const failed = finished.filter((job) => !isComplete(job));
  return [
    ...succeeded.slice(0, Math.max(succeeded.length - successfulJobsHistoryLimit, 0)),
    ...failed.slice(0, Math.max(failed.length - failedJobsHistoryLimit, 0)),
  ];
}

/** 0 for one that somebody made by hand. */
const dueMs = ({ metadata }: Job): number => parseTime(metadata?.annotations?.[timeKey]) ?? 0;

/** For when the last run was made, though its status may not have been written; 0: there was none. */
const lastRun = ({ status }: CronJob, jobs: readonly Job[]): number =>
  Math.max(parseTime(status?.lastScheduleTime) ?? 0, ...jobs.map(dueMs));

const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const startOf = ({ metadata }: Job): number => parseTime(metadata?.creationTimestamp) ?? 0;

const isComplete = ({ status }: Job): boolean =>
  (status?.conditions ?? []).some(({ type, status }) => type === 'Complete' && status === 'True');

/** The status with these Jobs, `runAtMs`: of which one is new. */
export function cronStatus(
  cron: CronJob,
  jobs: readonly Job[],
  runAtMs = 0,
): NonNullable<CronJob['status']> {
  const active = jobs
    .filter((job) => !isFinished(job))
    .map(({ metadata }) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      name: metadata?.name ?? '',
      namespace: metadata?.namespace ?? '',
      uid: metadata?.uid ?? '',
      resourceVersion: metadata?.resourceVersion ?? '',
    }));
  const ranMs = Math.max(runAtMs, lastRun(cron, jobs));
  const ends = jobs
    .filter(isComplete)
    .flatMap(({ status }) => (status?.completionTime ? [status.completionTime] : []));
  const lastSuccessfulTime = [...ends, cron.status?.lastSuccessfulTime ?? ''].sort().at(-1);
  return {
    ...(active.length > 0 && { active }),
    ...(ranMs > 0 && { lastScheduleTime: rfc3339(ranMs) }),
    ...(lastSuccessfulTime && { lastSuccessfulTime }),
  };
}
