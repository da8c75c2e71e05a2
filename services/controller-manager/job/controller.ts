import { type EnvVar, type Job, type Pod, refs } from '#shared/api';
import { type ApiClient, type ReconcileResult, timestamp } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { OwnWrites } from '../own-writes.ts';
import { OwnedPods } from '../owned-pods.ts';
import { writeStatus } from '../write-status.ts';
import { indexKey } from './indexes.ts';
import { trackingFinalizer } from './ledger.ts';
import { isFinished, planJob } from './plan.ts';
import { release, track, uncountedPods } from './tracking.ts';

/** Runs pods until enough of them have succeeded, or too many have failed. */
export function jobController(context: ControllerContext): Controller {
  const queue = controllerQueue(context, 'job');
  const owner = {
    ref: refs.jobs,
    kind: 'Job',
    component: 'job-controller',
    selector: ({ spec }: Job) => spec?.selector,
  };
  const pods = new OwnedPods<Job>(context, owner, queue);
  const written = new OwnWrites();
  const jobs = queuedController('job', queue, (key) => reconcile(context, pods, written, key));
  const uncounted = uncountedPods(context);
  const others = queuedController('job-tracking', uncounted.queue, uncounted.reconcile);
  return {
    name: 'job',
    run: async (signal) => {
      await Promise.all([jobs.run(signal), others.run(signal)]);
    },
  };
}

async function reconcile(
  { api, clock, config }: ControllerContext,
  owned: OwnedPods<Job>,
  written: OwnWrites,
  key: string,
): Promise<ReconcileResult> {
  const job = owned.get(key);
  if (!job) written.forget(key);
  // Else a pod whose finalizer is gone may not be in this Job's count yet.
  else if (!written.shows(key, job)) return undefined;
  if (!job || isFinished(job) || job.metadata?.deletionTimestamp !== undefined) return undefined;
  const current = owned.isCurrent(key);
  const pods = await owned.claim(job);
  const now = { ms: clock.now(), timestamp: timestamp(clock) };
  const plan = planJob(job, pods, now, config.jobBackoffMs);
  if (current) {
    if (plan.surplus.length > 0) await letGo(api, owned, job, plan.surplus);
    else if (plan.create.length > 0) {
      await owned.create(
        job,
        plan.create.map((index) => podOf(owned, job, index)),
      );
    }
  }
  const stored = await writeStatus(api, refs.jobs, job, plan.status);
  if (stored) written.wrote(key, stored);
  // Said at once: whoever fails after this finds a Job that is over.
  if (plan.outcome) {
    const { type, reason, message } = plan.outcome;
    if (type === 'Complete') owned.events.event(job, 'Normal', 'Completed', 'Job completed');
    else owned.events.event(job, 'Warning', reason, message);
  }
  await Promise.all([
    ...plan.adopted.map((pod) => track(api, pod)),
    ...plan.settled.map((pod) => release(api, pod)),
    ...(current && plan.remove.length > 0 ? [owned.remove(job, plan.remove)] : []),
  ]);
  return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
}

/**
 * Nobody's failure, so nobody counts them. One that was released goes at once, whatever becomes of the others: if it
 * ran on, nobody would count its success either.
 */
async function letGo(
  api: ApiClient,
  owned: OwnedPods<Job>,
  job: Job,
  pods: readonly Pod[],
): Promise<void> {
  const results = await Promise.allSettled(pods.map((pod) => release(api, pod)));
  const released = pods.filter((_, i) => results[i]?.status === 'fulfilled');
  await owned.remove(job, released);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function podOf(owned: OwnedPods<Job>, job: Job, index: number | undefined): Pod {
  const made = owned.podOf(job, job.spec?.template);
  const finalizers = [...(made.metadata?.finalizers ?? []), trackingFinalizer];
  const pod = { ...made, metadata: { ...made.metadata, finalizers } };
  if (index === undefined || !pod.spec) return pod;
  const name = job.metadata?.name ?? '';
  const id = { [indexKey]: String(index) };
  const metadata = {
    ...pod.metadata,
    generateName: `${name}-${index}-`,
    annotations: { ...pod.metadata?.annotations, ...id },
    labels: { ...pod.metadata?.labels, ...id },
  };
  const variable: EnvVar = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${indexKey}']` } },
  };
  const withIndex = <T extends { env?: EnvVar[] }>(container: T): T => ({
    ...container,
    env: [...(container.env ?? []), variable],
  });
  const { containers, initContainers, hostname = `${name}-${index}` } = pod.spec;
  return {
    ...pod,
    metadata,
    spec: {
      ...pod.spec,
      hostname,
      containers: containers.map(withIndex),
      ...(initContainers && { initContainers: initContainers.map(withIndex) }),
    },
  };
}
