import {
  type KubeObject,
  type ReplicaSet,
  type ReplicationController,
  type ResourceRef,
  refs,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ReconcileResult, timestamp } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { OwnedPods } from '../owned-pods.ts';
import { writeStatus } from '../write-status.ts';
import { planReplicas } from './plan.ts';
import { type ReplicaFailure, replicaSetStatus } from './status.ts';

/** A kind that keeps a number of pods, and how its objects are ReplicaSets. */
interface Replicated<T extends KubeObject> {
  readonly ref: ResourceRef;
  readonly kind: string;
  readonly name: string;
  readonly view: (owner: T) => ReplicaSet;
}

/** Keeps as many pods of a template as asked for. */
export const replicaSetController = (context: ControllerContext): Controller =>
  replicas<ReplicaSet>(context, {
    ref: refs.replicaSets,
    kind: 'ReplicaSet',
    name: 'replicaset',
    view: (owner) => owner,
  });

/** The same for the older kind, whose selector is plain labels. */
export const replicationController = (context: ControllerContext): Controller =>
  replicas<ReplicationController>(context, {
    ref: refs.replicationControllers,
    kind: 'ReplicationController',
    name: 'replication-controller',
    view: (owner) => {
      const { selector = {}, ...spec } = owner.spec ?? {};
      return { ...owner, spec: { ...spec, selector: { matchLabels: selector } } };
    },
  });

function replicas<T extends KubeObject>(
  context: ControllerContext,
  replicated: Replicated<T>,
): Controller {
  const { ref, kind, name, view } = replicated;
  const queue = controllerQueue(context, name);
  const selector = (owner: T) => view(owner).spec?.selector;
  const minReadySeconds = (owner: T) => view(owner).spec?.minReadySeconds ?? 0;
  const component = `${name.replace(/-controller$/, '')}-controller`;
  const owner = { ref, kind, component, selector, minReadySeconds };
  const pods = new OwnedPods<T>(context, owner, queue);
  return queuedController(name, queue, (key) => reconcile(context, replicated, pods, key));
}

async function reconcile<T extends KubeObject>(
  { api, clock }: ControllerContext,
  { ref, view }: Replicated<T>,
  owned: OwnedPods<T>,
  key: string,
): Promise<ReconcileResult> {
  const owner = owned.get(key);
  if (!owner) return undefined;
  const replicaSet = view(owner);
  const current = owned.isCurrent(key);
  const pods = await owned.claim(owner);
  let failure: ReplicaFailure | undefined;
  let thrown: unknown;
  if (current && owner.metadata?.deletionTimestamp === undefined) {
    const plan = planReplicas(replicaSet, pods);
    try {
      if (plan.create > 0) {
        const draft = owned.podOf(owner, replicaSet.spec?.template);
        await owned.create(
          owner,
          Array.from({ length: plan.create }, () => draft),
        );
      } else if (plan.remove.length > 0) await owned.remove(owner, plan.remove);
    } catch (error) {
      thrown = error;
      const { message } = QuorateError.from(error);
      failure = { reason: plan.create > 0 ? 'FailedCreate' : 'FailedDelete', message };
    }
  }
  const now = { ms: clock.now(), timestamp: timestamp(clock) };
  const status = replicaSetStatus(replicaSet, pods, failure, now);
  await writeStatus(api, ref, owner as KubeObject & { status?: object }, status);
  if (thrown !== undefined) throw thrown;
  const waiting = (status.readyReplicas ?? 0) > (status.availableReplicas ?? 0);
  return waiting ? { requeueAfterMs: 1_000 } : undefined;
}
