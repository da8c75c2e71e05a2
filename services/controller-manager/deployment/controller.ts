import {
  type Deployment,
  equalJson,
  getControllerOf,
  isControlledBy,
  isPodTerminal,
  labelSelectorMatcher,
  objectKey,
  type Pod,
  type ReplicaSet,
  refs,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { type EventRecorder, type ReconcileResult, timestamp } from '#shared/client';
import { claim } from '../claim.ts';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
  recorderOf,
} from '../controller.ts';
import { controlledBy, orphansIn } from '../shared-informers.ts';
import { planRollout, type RolloutPlan } from './plan.ts';
import {
  isRecreate,
  replicasOf,
  revisionAnnotation,
  revisionOf,
  splitByTemplate,
} from './replica-sets.ts';
import { deploymentStatus, msToProgressCheck } from './status.ts';
import { unlessNotFound } from '../not-found.ts';
import { UnseenReplicaSets } from './unseen-replica-sets.ts';

/** Rolls templates out by making one ReplicaSet grow and the others shrink. */
export function deploymentController(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'deployment');
  const reconciler = new Deployments(context);
  const enqueueOwner = (replicaSet: ReplicaSet): void => {
    const owner = getControllerOf(replicaSet);
    if (owner?.kind === 'Deployment') queue.add(`${replicaSet.metadata?.namespace}/${owner.name}`);
    if (owner) return;
    // Somebody may want to adopt it.
    for (const deployment of informers.deployments.store.list(replicaSet.metadata?.namespace)) {
      const matcher = labelSelectorMatcher(deployment.spec?.selector);
      if (matcher.matches(replicaSet.metadata?.labels)) queue.add(objectKey(deployment));
    }
  };
  /** Recreate begins anew when the last old pod has gone. */
  const podEnded = (pod: Pod): void => {
    const owner = getControllerOf(pod);
    const replicaSet = informers.replicaSets.store.get(
      `${pod.metadata?.namespace}/${owner?.name ?? ''}`,
    );
    if (replicaSet) enqueueOwner(replicaSet);
  };
  informers.deployments.addHandlers({
    added: (deployment) => queue.add(objectKey(deployment)),
    updated: (_before, after) => queue.add(objectKey(after)),
    deleted: (deployment) => queue.add(objectKey(deployment)),
  });
  informers.replicaSets.addHandlers({
    added: enqueueOwner,
    updated(before, after) {
      if (getControllerOf(before)?.uid !== getControllerOf(after)?.uid) enqueueOwner(before);
      enqueueOwner(after);
    },
    deleted: enqueueOwner,
  });
  informers.pods.addHandlers({
    updated(before, after) {
      // One that was let go is none of the old ones any more.
      if (getControllerOf(before)?.uid !== getControllerOf(after)?.uid) podEnded(before);
      if (!isPodTerminal(before) && isPodTerminal(after)) podEnded(after);
    },
    deleted: podEnded,
  });
  return queuedController('deployment', queue, (key) => reconciler.reconcile(key));
}

class Deployments {
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #unseen: UnseenReplicaSets;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#events = recorderOf(context, 'deployment-controller');
    this.#unseen = new UnseenReplicaSets(context);
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const deployment = this.#context.informers.deployments.store.get(key);
    if (!deployment) {
      this.#unseen.forget(key);
      return undefined;
    }
    const unseen = await this.#unseen.lookUp(key);
    const replicaSets = await this.#claimReplicaSets(deployment, unseen);
    const oldPodsRunning = isRecreate(deployment) && this.#oldPodsRun(deployment, replicaSets);
    const plan = planRollout({ deployment, replicaSets, oldPodsRunning });
    const now = await this.#carryOut(deployment, replicaSets, plan);
    const status = await this.#writeStatus(deployment, now);
    const waitMs = msToProgressCheck(deployment, status, this.#context.clock.now());
    return waitMs === undefined ? undefined : { requeueAfterMs: waitMs };
  }

  #claimReplicaSets(deployment: Deployment, unseen: readonly ReplicaSet[]): Promise<ReplicaSet[]> {
    const { api, informers } = this.#context;
    const { store } = informers.replicaSets;
    const newer = new Set(unseen.map(({ metadata }) => metadata?.uid));
    const isNewest = ({ metadata }: ReplicaSet): boolean => !newer.has(metadata?.uid);
    return claim<ReplicaSet>({
      api,
      owner: deployment,
      ownerRef: refs.deployments,
      ownerKind: 'Deployment',
      selector: deployment.spec?.selector,
      objectRef: refs.replicaSets,
      candidates: [
        ...controlledBy(store, deployment).filter(isNewest),
        ...orphansIn(store, deployment.metadata?.namespace).filter(isNewest),
        ...unseen,
      ],
    });
  }

  #oldPodsRun(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
    const { store } = this.#context.informers.pods;
    const { old } = splitByTemplate(deployment, replicaSets);
    return old.some((replicaSet) =>
      controlledBy(store, replicaSet).some((pod) => !isPodTerminal(pod)),
    );
  }

  /** The ReplicaSets as they are after the plan's writes. */
  async #carryOut(
    deployment: Deployment,
    replicaSets: readonly ReplicaSet[],
    plan: RolloutPlan,
  ): Promise<ReplicaSet[]> {
    const { api } = this.#context;
    const now = new Map(replicaSets.map((each) => [each.metadata?.uid, each]));
    if (plan.create) {
      const created = await this.#create(deployment, plan.create);
      now.set(created.metadata?.uid, created);
    }
    for (const replicaSet of plan.updates) {
      const before = now.get(replicaSet.metadata?.uid);
      const after = await api.update(refs.replicaSets, replicaSet);
      now.set(after.metadata?.uid, after);
      this.#unseen.wrote(objectKey(deployment), after);
      this.#sayScaled(deployment, after, before ? replicasOf(before) : 0);
    }
    for (const { metadata } of plan.deletes) {
      const { name = '', namespace, uid } = metadata ?? {};
      await api.delete(refs.replicaSets, name, { namespace, uid }).catch(unlessNotFound);
      now.delete(uid);
    }
    await this.#writeRevision(deployment, [...now.values()]);
    return [...now.values()];
  }

  async #create(deployment: Deployment, replicaSet: ReplicaSet): Promise<ReplicaSet> {
    const { api } = this.#context;
    try {
      const created = await api.create(refs.replicaSets, replicaSet);
      this.#unseen.wrote(objectKey(deployment), created);
      this.#sayScaled(deployment, created, 0);
      return created;
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
    }
    const { name = '', namespace } = replicaSet.metadata ?? {};
    const there = await api.get<ReplicaSet>(refs.replicaSets, name, namespace);
    const ours = isControlledBy(there, deployment);
    if (ours && splitByTemplate(deployment, [there]).current) return there;
    // Another template has the same hash: the next attempt has another one.
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    const status = { ...deployment.status, collisionCount };
    await api.update(refs.deployments, { ...deployment, status }, { subresource: 'status' });
    throw new QuorateError('conflict', `hash collision of ReplicaSet ${name}`);
  }

  #sayScaled(deployment: Deployment, replicaSet: ReplicaSet, before: number): void {
    const after = replicasOf(replicaSet);
    if (after === before) return;
    const direction = after > before ? 'up' : 'down';
    const { name } = replicaSet.metadata ?? {};
    const message = `Scaled ${direction} replica set ${name} from ${before} to ${after}`;
    this.#events.event(deployment, 'Normal', 'ScalingReplicaSet', message);
  }

  /** The Deployment carries the revision of its present template. */
  async #writeRevision(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Promise<void> {
    const { current } = splitByTemplate(deployment, replicaSets);
    if (!current || revisionOf(current) === 0) return;
    const revision = String(revisionOf(current));
    if (deployment.metadata?.annotations?.[revisionAnnotation] === revision) return;
    const { name = '', namespace, uid = '' } = deployment.metadata ?? {};
    const patch = { metadata: { uid, annotations: { [revisionAnnotation]: revision } } };
    await this.#context.api.patch(refs.deployments, name, 'merge', patch, { namespace });
  }

  async #writeStatus(deployment: Deployment, replicaSets: readonly ReplicaSet[]) {
    const { api, clock } = this.#context;
    const now = { ms: clock.now(), timestamp: timestamp(clock) };
    const status = deploymentStatus(deployment, replicaSets, now);
    if (equalJson(withZeros(deployment.status), withZeros(status))) return status;
    const { name = '', namespace, uid = '' } = deployment.metadata ?? {};
    // The revision may just have been written: a patch is not put off by that.
    const patch = { metadata: { uid }, status };
    const options = { namespace, subresource: 'status' };
    // Deleted meanwhile: there is nothing left to say.
    await api.patch(refs.deployments, name, 'merge', patch, options).catch(unlessNotFound);
    return status;
  }
}

/** Absent counts mean none. */
const withZeros = (status: Deployment['status']): object => ({
  replicas: 0,
  updatedReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  unavailableReplicas: 0,
  ...status,
});
