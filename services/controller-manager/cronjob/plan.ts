import { type CronJob, type Job, newControllerRef, parseTime, refs } from '#shared/api';
import { isFinished } from '../job/plan.ts';
import { dueTimes } from './schedule.ts';

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
  const { spec, status, metadata } = cron;
  if (!spec || spec.suspend) return { remove: [] };
  const created = parseTime(metadata?.creationTimestamp) ?? nowMs;
  const last = parseTime(status?.lastScheduleTime) ?? created;
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
  const scheduled = new Date(runAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-${Math.floor(runAtMs / 60_000)}`,
      ...(namespace !== undefined && { namespace }),
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: {
        ...metadata?.annotations,
        'batch.kubernetes.io/cronjob-scheduled-timestamp': scheduled,
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

/** Finished Jobs beyond the two limits, the oldest. */
export function surplusHistory({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = spec ?? {};
  const finished = jobs.filter(isFinished).sort((a, b) => startOf(a) - startOf(b));
  const succeeded = finished.filter(isComplete);
  const failed = finished.filter((job) => !isComplete(job));
  return [
    ...succeeded.slice(0, Math.max(succeeded.length - successfulJobsHistoryLimit, 0)),
    ...failed.slice(0, Math.max(failed.length - failedJobsHistoryLimit, 0)),
  ];
}

const startOf = ({ metadata }: Job): number => parseTime(metadata?.creationTimestamp) ?? 0;

const isComplete = ({ status }: Job): boolean =>
  (status?.conditions ?? []).some(({ type, status }) => type === 'Complete' && status === 'True');

/** The status with these Jobs; `ranAt` is RFC 3339. */
export function cronStatus(
  cron: CronJob,
  jobs: readonly Job[],
  ranAt: string | undefined,
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
  const lastScheduleTime = ranAt ?? cron.status?.lastScheduleTime;
  const ends = jobs
    .filter(isComplete)
    .flatMap(({ status }) => (status?.completionTime ? [status.completionTime] : []));
  const lastSuccessfulTime = [...ends, cron.status?.lastSuccessfulTime ?? ''].sort().at(-1);
  return {
    ...(active.length > 0 && { active }),
    ...(lastScheduleTime !== undefined && { lastScheduleTime }),
    ...(lastSuccessfulTime && { lastSuccessfulTime }),
  };
}
