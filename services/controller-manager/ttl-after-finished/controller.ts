import { type Job, objectKey, parseTime, refs } from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { unlessNotFound } from '../not-found.ts';

/** Deletes Jobs `ttlSecondsAfterFinished` after their end, and their pods with them. */
export function ttlAfterFinishedController(context: ControllerContext): Controller {
  const queue = controllerQueue(context, 'ttl-after-finished');
  const jobs = context.informers.of<Job>(refs.jobs);
  const enqueue = (job: Job): void => {
    if (expiryOf(job) !== undefined) queue.add(objectKey(job));
  };
  jobs.addHandlers({ added: enqueue, updated: (_before, after) => enqueue(after) });
  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const job = jobs.store.get(key);
    const expiry = job && expiryOf(job);
    if (!job || expiry === undefined) return undefined;
    const wait = expiry - context.clock.now();
    if (wait > 0) return { requeueAfterMs: wait };
    const { name = '', namespace, uid, resourceVersion } = job.metadata ?? {};
    const options = { namespace, uid, resourceVersion, propagation: 'foreground' } as const;
    await context.api.delete(refs.jobs, name, options).catch(unlessNotFound);
    return undefined;
  };
  return queuedController('ttl-after-finished', queue, reconcile);
}

/** Milliseconds; undefined for a Job that runs or stays. */
function expiryOf({ metadata, spec, status }: Job): number | undefined {
  const seconds = spec?.ttlSecondsAfterFinished;
  if (seconds === undefined || metadata?.deletionTimestamp !== undefined) return undefined;
  const end = (status?.conditions ?? []).find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  const ended = parseTime(end?.lastTransitionTime);
  return ended === undefined ? undefined : ended + seconds * 1_000;
}
