import { type CronJob, isConditionTrue, type Job } from '#shared/api';
import { controlledJobs, each } from './reality.ts';

/** A CronJob calls active what is, and keeps no more of what has ended than it is to. */
export const cronJobs = each<CronJob>('batch/cronjobs', (cron, { objects }) => {
  const own = controlledJobs(objects, cron);
  const is = ({ status }: Job, type: string): boolean => isConditionTrue(status?.conditions, type);
  const complete = own.filter((job) => is(job, 'Complete')).length;
  const failed = own.filter((job) => is(job, 'Failed')).length;
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cron.spec ?? {};
  if (complete > successfulJobsHistoryLimit) return `keeps ${complete} Jobs that are complete`;
  if (failed > failedJobsHistoryLimit) return `keeps ${failed} Jobs that have failed`;
  const active = own.length - complete - failed;
  const told = cron.status?.active?.length ?? 0;
  return told === active ? '' : `counts ${told} active Jobs of ${active}`;
});
