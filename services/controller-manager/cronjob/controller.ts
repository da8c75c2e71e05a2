import { type CronJob, getControllerOf, type Job, objectKey, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { EventRecorder, ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
  recorderOf,
} from '../controller.ts';
import { controlledBy } from '../shared-informers.ts';
import { writeStatus } from '../write-status.ts';
import { cronStatus, endedSince, jobFor, planCron, surplusHistory } from './plan.ts';

/** Makes Jobs by a schedule, and keeps a few that have ended. */
export function cronJobController(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'cronjob');
  const events = recorderOf(context, 'cronjob-controller');
  const crons = informers.of<CronJob>(refs.cronJobs);
  const enqueueOwner = (job: Job): void => {
    const owner = getControllerOf(job);
    if (owner?.kind === 'CronJob') queue.add(`${job.metadata?.namespace}/${owner.name}`);
  };
  crons.addHandlers({
    added: (cron) => queue.add(objectKey(cron)),
    updated: (_before, after) => queue.add(objectKey(after)),
  });
  informers.of<Job>(refs.jobs).addHandlers({
    added: enqueueOwner,
    updated: (_before, after) => enqueueOwner(after),
    deleted: enqueueOwner,
  });
  return queuedController('cronjob', queue, (key) => reconcile(context, events, key));
}

async function reconcile(
  context: ControllerContext,
  events: EventRecorder,
  key: string,
): Promise<ReconcileResult> {
  const { api, clock, informers } = context;
  const cron = informers.of<CronJob>(refs.cronJobs).store.get(key);
  if (!cron || cron.metadata?.deletionTimestamp !== undefined) return undefined;
  const jobs = controlledBy(informers.of<Job>(refs.jobs).store, cron);
  for (const { job, condition } of endedSince(cron, jobs)) {
    const message = `Saw completed job: ${job.metadata?.name}, condition: ${condition}`;
    events.event(cron, 'Normal', 'SawCompletedJob', message);
  }
  for (const job of surplusHistory(cron, jobs)) await remove(context, events, cron, job);
  const plan = planCron(cron, jobs, clock.now());
  if (plan.skipped) {
    const { type, reason, message } = plan.skipped;
    events.event(cron, type, reason, message);
  }
  for (const job of plan.remove) await remove(context, events, cron, job);
  const made = plan.runAt === undefined ? undefined : await run(context, events, cron, plan.runAt);
  const removed = new Set(plan.remove);
  const now = [...jobs.filter((job) => !removed.has(job)), ...(made ? [made] : [])];
  await writeStatus(api, refs.cronJobs, cron, cronStatus(cron, unique(now), plan.runAt));
  if (plan.nextAtMs === undefined) return undefined;
  return { requeueAfterMs: Math.max(plan.nextAtMs - clock.now(), 0) + 50 };
}

const unique = (jobs: readonly Job[]): Job[] => [
  ...new Map(jobs.map((job) => [job.metadata?.uid, job])).values(),
];

async function run(
  { api }: ControllerContext,
  events: EventRecorder,
  cron: CronJob,
  runAtMs: number,
): Promise<Job | undefined> {
  const draft = jobFor(cron, runAtMs);
  try {
    const job = await api.create<Job>(refs.jobs, draft);
    events.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata?.name}`);
    return job;
  } catch (thrown) {
    // It ran already: the status was not written, or the cache does not show it yet.
    if (QuorateError.is(thrown, 'already-exists')) return undefined;
    const message = `Error creating job: ${QuorateError.from(thrown).message}`;
    events.event(cron, 'Warning', 'FailedCreate', message);
    throw thrown;
  }
}

async function remove(
  { api }: ControllerContext,
  events: EventRecorder,
  cron: CronJob,
  { metadata }: Job,
): Promise<void> {
  const { name = '', namespace, uid } = metadata ?? {};
  try {
    await api.delete(refs.jobs, name, { namespace, uid, propagation: 'background' });
    events.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
  } catch (thrown) {
    if (!QuorateError.is(thrown, 'not-found')) throw thrown;
  }
}
