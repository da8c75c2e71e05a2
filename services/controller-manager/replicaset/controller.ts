import {
  equalJson,
  getControllerOf,
  isPodActive,
  isPodReady,
  labelSelectorMatcher,
  newControllerRef,
  objectKey,
  type Pod,
  type ReplicaSet,
  refs,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ReconcileResult, timestamp } from '#shared/client';
import type { Clock } from '#shared/clock';
import { claim } from '../claim.ts';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
  recorderOf,
} from '../controller.ts';
import { controlledBy, orphansIn } from '../shared-informers.ts';
import { Expectations } from './expectations.ts';
import { planReplicas } from './plan.ts';
import { type ReplicaFailure, replicaSetStatus } from './status.ts';

/** Keeps as many pods of a template as asked for. */
export function replicaSetController(context: ControllerContext): Controller {
  const { informers, clock } = context;
  const queue = controllerQueue(context, 'replicaset');
  const reconciler = new ReplicaSets(context);
  const { expectations } = reconciler;
  const keyOf = (pod: Pod): string | undefined => {
    const owner = getControllerOf(pod);
    return owner?.kind === 'ReplicaSet' ? `${pod.metadata?.namespace}/${owner.name}` : undefined;
  };
  const enqueueOwner = (pod: Pod): void => {
    const key = keyOf(pod);
    if (key !== undefined) queue.add(key);
    else if (!getControllerOf(pod)) {
      // Somebody may want to adopt it.
      for (const replicaSet of informers.replicaSets.store.list(pod.metadata?.namespace)) {
        const matcher = labelSelectorMatcher(replicaSet.spec?.selector);
        if (matcher.matches(pod.metadata?.labels)) queue.add(objectKey(replicaSet));
      }
    }
  };
  const leaving = (pod: Pod): void => {
    const key = keyOf(pod);
    if (key !== undefined) expectations.deleted(key, pod.metadata?.uid ?? '');
    enqueueOwner(pod);
  };
  informers.replicaSets.addHandlers({
    added: (replicaSet) => queue.add(objectKey(replicaSet)),
    updated: (_before, after) => queue.add(objectKey(after)),
    deleted(replicaSet) {
      expectations.forget(objectKey(replicaSet));
      queue.add(objectKey(replicaSet));
    },
  });
  informers.pods.addHandlers({
    added(pod) {
      const key = keyOf(pod);
      if (key !== undefined) expectations.created(key);
      if (pod.metadata?.deletionTimestamp === undefined) enqueueOwner(pod);
      else leaving(pod);
    },
    updated(before, after) {
      if (keyOf(before) !== keyOf(after)) enqueueOwner(before);
      if (after.metadata?.deletionTimestamp === undefined) enqueueOwner(after);
      else leaving(after);
      // Readiness becomes availability only after minReadySeconds, when no event comes.
      const key = keyOf(after);
      if (key === undefined || isPodReady(before) || !isPodReady(after)) return;
      const { minReadySeconds = 0 } = informers.replicaSets.store.get(key)?.spec ?? {};
      if (minReadySeconds > 0) queue.addAfter(key, minReadySeconds * 1_000 + msToNextSecond(clock));
    },
    deleted: leaving,
  });
  return queuedController('replicaset', queue, (key) => reconciler.reconcile(key));
}

/** Timestamps are in whole seconds: a pod is available that much later than the sum says. */
const msToNextSecond = (clock: Clock): number => 1_000 - (clock.now() % 1_000);

class ReplicaSets {
  readonly expectations: Expectations;
  readonly #context: ControllerContext;
  readonly #events: ReturnType<typeof recorderOf>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.expectations = new Expectations(context.clock);
    this.#events = recorderOf(context, 'replicaset-controller');
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const replicaSet = this.#context.informers.replicaSets.store.get(key);
    if (!replicaSet) {
      this.expectations.forget(key);
      return undefined;
    }
    // Before the pods are read: an event in between makes the cache newer than believed, never older.
    const current = this.expectations.satisfied(key);
    const pods = await this.#claimPods(replicaSet);
    let failure: ReplicaFailure | undefined;
    let thrown: unknown;
    if (current && replicaSet.metadata?.deletionTimestamp === undefined) {
      const plan = planReplicas(replicaSet, pods);
      try {
        if (plan.create > 0) await this.#create(key, replicaSet, plan.create);
        else if (plan.remove.length > 0) await this.#remove(key, replicaSet, plan.remove);
      } catch (error) {
        thrown = error;
        const { message } = QuorateError.from(error);
        failure = { reason: plan.create > 0 ? 'FailedCreate' : 'FailedDelete', message };
      }
    }
    await this.#writeStatus(replicaSet, pods, failure);
    if (thrown !== undefined) throw thrown;
    return this.#untilAvailable(replicaSet, pods);
  }

  #claimPods(replicaSet: ReplicaSet): Promise<Pod[]> {
    const { api, informers } = this.#context;
    const { store } = informers.pods;
    return claim<Pod>({
      api,
      owner: replicaSet,
      ownerRef: refs.replicaSets,
      ownerKind: 'ReplicaSet',
      selector: replicaSet.spec?.selector,
      objectRef: refs.pods,
      candidates: [
        ...controlledBy(store, replicaSet),
        ...orphansIn(store, replicaSet.metadata?.namespace).filter(isPodActive),
      ],
    });
  }

  /** In batches of 1, 2, 4, …: what is refused is refused once, not five hundred times. */
  async #create(key: string, replicaSet: ReplicaSet, count: number): Promise<void> {
    this.expectations.expect(key, { creations: count });
    let left = count;
    for (let batch = 1; left > 0; batch *= 2) {
      const size = Math.min(batch, left);
      const made = Array.from({ length: size }, () => this.#createOne(key, replicaSet));
      const results = await Promise.allSettled(made);
      left -= size;
      const failed = results.find((result) => result.status === 'rejected');
      if (!failed) continue;
      for (; left > 0; left--) this.expectations.created(key);
      throw failed.reason;
    }
  }

  async #createOne(key: string, replicaSet: ReplicaSet): Promise<void> {
    try {
      const pod = await this.#context.api.create<Pod>(refs.pods, podFor(replicaSet));
      const message = `Created pod: ${pod.metadata?.name}`;
      this.#events.event(replicaSet, 'Normal', 'SuccessfulCreate', message);
    } catch (thrown) {
      this.expectations.created(key);
      // The pods of a namespace that is being emptied are not missed.
      if (isTerminating(thrown)) return;
      const message = `Error creating: ${QuorateError.from(thrown).message}`;
      this.#events.event(replicaSet, 'Warning', 'FailedCreate', message);
      throw thrown;
    }
  }

  async #remove(key: string, replicaSet: ReplicaSet, pods: readonly Pod[]): Promise<void> {
    const uids = pods.map(({ metadata }) => metadata?.uid ?? '');
    this.expectations.expect(key, { deletions: uids });
    const results = await Promise.allSettled(
      pods.map((pod) => this.#removeOne(key, replicaSet, pod)),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #removeOne(key: string, replicaSet: ReplicaSet, pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    try {
      await this.#context.api.delete(refs.pods, name, { namespace, uid });
      const message = `Deleted pod: ${name}`;
      this.#events.event(replicaSet, 'Normal', 'SuccessfulDelete', message);
    } catch (thrown) {
      this.expectations.deleted(key, uid ?? '');
      if (QuorateError.is(thrown, 'not-found')) return;
      throw thrown;
    }
  }

  async #writeStatus(
    replicaSet: ReplicaSet,
    pods: readonly Pod[],
    failure: ReplicaFailure | undefined,
  ): Promise<void> {
    const { api, clock } = this.#context;
    const now = { ms: clock.now(), timestamp: timestamp(clock) };
    const status = replicaSetStatus(replicaSet, pods, failure, now);
    if (equalJson(withZeros(replicaSet.status), withZeros(status))) return;
    const next: ReplicaSet = { ...replicaSet, status };
    try {
      await api.update(refs.replicaSets, next, { subresource: 'status' });
    } catch (thrown) {
      // Deleted meanwhile: there is nothing left to say.
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
    }
  }

  #untilAvailable(replicaSet: ReplicaSet, pods: readonly Pod[]): ReconcileResult {
    const { clock } = this.#context;
    const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
    if (minReadySeconds === 0) return undefined;
    const now = { ms: clock.now(), timestamp: '' };
    const status = replicaSetStatus(replicaSet, pods, undefined, now);
    const waiting = (status.readyReplicas ?? 0) > (status.availableReplicas ?? 0);
    return waiting ? { requeueAfterMs: 1_000 } : undefined;
  }
}

const isTerminating = (thrown: unknown): boolean =>
  QuorateError.is(thrown, 'forbidden') && thrown.message.includes('it is being terminated');

/** Absent counts mean none. */
const withZeros = (status: ReplicaSet['status']): object => ({
  fullyLabeledReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  observedGeneration: 0,
  ...status,
});

function podFor(replicaSet: ReplicaSet): Pod {
  const { metadata, spec } = replicaSet.spec?.template ?? {};
  const { name = '', namespace } = replicaSet.metadata ?? {};
  const { labels, annotations, finalizers } = metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [newControllerRef(replicaSet, { ...refs.replicaSets, kind: 'ReplicaSet' })],
    },
    ...(spec && { spec }),
  };
}
