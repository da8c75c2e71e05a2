import { getControllerOf, isPodTerminal, type Job, objectKey, type Pod, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient, WorkQueue } from '#shared/client';
import { type ControllerContext, controllerQueue } from '../controller.ts';
import { controlledBy } from '../shared-informers.ts';
import { isTracked, trackingFinalizer } from './ledger.ts';
import { isFinished } from './plan.ts';
import { unlessNotFound } from '../not-found.ts';

/** From now on it counts. */
export const track = (api: ApiClient, pod: Pod): Promise<void> =>
  setFinalizers(api, pod, [...(pod.metadata?.finalizers ?? []), trackingFinalizer]);

/** It has been counted, or nobody counts it any more. */
export const release = (api: ApiClient, pod: Pod): Promise<void> =>
  setFinalizers(
    api,
    pod,
    (pod.metadata?.finalizers ?? []).filter((each) => each !== trackingFinalizer),
  );

async function setFinalizers(api: ApiClient, pod: Pod, finalizers: string[]): Promise<void> {
  const { name = '', namespace, uid = '', resourceVersion = '' } = pod.metadata ?? {};
  const patch = { metadata: { uid, resourceVersion, finalizers } };
  await api.patch<Pod>(refs.pods, name, 'merge', patch, { namespace }).catch(unlessNotFound);
}

/** Pods that no Job will count: of one that is finished, on its way out, or gone. */
export function uncountedPods(context: ControllerContext): {
  queue: WorkQueue;
  reconcile: (key: string) => Promise<undefined>;
} {
  const { api, informers } = context;
  const queue = controllerQueue(context, 'job-tracking');
  const jobs = informers.of<Job>(refs.jobs);
  const { pods } = informers;
  const look = (pod: Pod): void => {
    if (!isTracked(pod)) return;
    const leaving = isPodTerminal(pod) || pod.metadata?.deletionTimestamp !== undefined;
    if (leaving || getControllerOf(pod)?.kind !== 'Job') queue.add(objectKey(pod));
  };
  const lookAll = (job: Job): void => {
    for (const pod of controlledBy(pods.store, job)) if (isTracked(pod)) queue.add(objectKey(pod));
  };
  pods.addHandlers({ added: look, updated: (_before, after) => look(after) });
  jobs.addHandlers({
    added: (job) => {
      if (!counts(job)) lookAll(job);
    },
    updated: (_before, job) => {
      if (!counts(job)) lookAll(job);
    },
    deleted: lookAll,
  });
  return {
    queue,
    async reconcile(key) {
      const pod = pods.store.get(key);
      if (pod && isTracked(pod) && !(await isCounted(api, jobs.store, pod)))
        await release(api, pod);
      return undefined;
    },
  };
}

const counts = (job: Job): boolean =>
  !isFinished(job) && job.metadata?.deletionTimestamp === undefined;

async function isCounted(
  api: ApiClient,
  jobs: { get(key: string): Job | undefined },
  pod: Pod,
): Promise<boolean> {
  const owner = getControllerOf(pod);
  const { namespace = '' } = pod.metadata ?? {};
  if (owner?.kind !== 'Job') return false;
  const job = jobs.get(`${namespace}/${owner.name}`);
  if (job?.metadata?.uid === owner.uid) return counts(job);
  try {
    // The cache may not have heard of it yet.
    const live = await api.get<Job>(refs.jobs, owner.name, namespace);
    return live.metadata?.uid === owner.uid && counts(live);
  } catch (thrown) {
    if (QuorateError.is(thrown, 'not-found')) return false;
    throw thrown;
  }
}
