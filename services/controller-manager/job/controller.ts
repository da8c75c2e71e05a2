import { type EnvVar, type Job, type Pod, refs } from '#shared/api';
import { type ReconcileResult, timestamp } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { OwnedPods } from '../owned-pods.ts';
import { writeStatus } from '../write-status.ts';
import { indexKey } from './indexes.ts';
import { isFinished, planJob } from './plan.ts';

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
  return queuedController('job', queue, (key) => reconcile(context, pods, key));
}

async function reconcile(
  { api, clock, config }: ControllerContext,
  owned: OwnedPods<Job>,
  key: string,
): Promise<ReconcileResult> {
  const job = owned.get(key);
  if (!job || isFinished(job) || job.metadata?.deletionTimestamp !== undefined) return undefined;
  const current = owned.isCurrent(key);
  const pods = await owned.claim(job);
  const now = { ms: clock.now(), timestamp: timestamp(clock) };
  const plan = planJob(job, pods, now, config.jobBackoffMs);
  // The end is written first: a pod that is removed for it is no failure.
  if (plan.outcome) await writeStatus(api, refs.jobs, job, plan.status);
  if (current) {
    if (plan.remove.length > 0) await owned.remove(job, plan.remove);
    else if (plan.create.length > 0) {
      await owned.create(
        job,
        plan.create.map((index) => podOf(owned, job, index)),
      );
    }
  }
  if (!plan.outcome) await writeStatus(api, refs.jobs, job, plan.status);
  else {
    const { type, reason, message } = plan.outcome;
    if (type === 'Complete') owned.events.event(job, 'Normal', 'Completed', 'Job completed');
    else owned.events.event(job, 'Warning', reason, message);
  }
  return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
}

function podOf(owned: OwnedPods<Job>, job: Job, index: number | undefined): Pod {
  const pod = owned.podOf(job, job.spec?.template);
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
