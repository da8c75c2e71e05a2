import {
  equalJson,
  getControllerOf,
  isControlledBy,
  type KubeObject,
  objectKey,
  type Pod,
  type PodDisruptionBudget,
  labelSelectorMatcher,
  refs,
  type ResourceRef,
} from '#shared/api';
import { type ReconcileResult, timestamp } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { writeStatus } from '../write-status.ts';
import { budgetStatus, coveredPods } from './plan.ts';

type Scalable = KubeObject & { spec?: { replicas?: number } };

/** Kinds that say how many pods they want. */
const scalable: Readonly<Record<string, ResourceRef>> = {
  ReplicaSet: refs.replicaSets,
  ReplicationController: refs.replicationControllers,
  StatefulSet: refs.statefulSets,
};

/** Counts for each PodDisruptionBudget how many of its pods may be evicted. */
export function disruptionController(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'disruption');
  const budgets = informers.of<PodDisruptionBudget>(refs.podDisruptionBudgets);
  for (const ref of Object.values(scalable)) informers.of(ref);
  const enqueueBudgets = ({ metadata }: Pod): void => {
    for (const budget of budgets.store.list(metadata?.namespace)) {
      const matcher = labelSelectorMatcher(budget.spec?.selector);
      if (matcher.matches(metadata?.labels)) queue.add(objectKey(budget));
    }
  };
  budgets.addHandlers({
    added: (budget) => queue.add(objectKey(budget)),
    updated: (_before, after) => queue.add(objectKey(after)),
  });
  informers.pods.addHandlers({
    added: enqueueBudgets,
    updated: (before, after) => {
      // Those that it has left count it still.
      if (!equalJson(before.metadata?.labels, after.metadata?.labels)) enqueueBudgets(before);
      enqueueBudgets(after);
    },
    deleted: enqueueBudgets,
  });
  return queuedController('disruption', queue, (key) => reconcile(context, key));
}

async function reconcile(context: ControllerContext, key: string): Promise<ReconcileResult> {
  const { api, informers, clock } = context;
  const budget = informers.of<PodDisruptionBudget>(refs.podDisruptionBudgets).store.get(key);
  if (!budget || budget.metadata?.deletionTimestamp !== undefined) return undefined;
  const pods = coveredPods(budget, informers.pods.store.list(budget.metadata?.namespace));
  const now = { ms: clock.now(), timestamp: timestamp(clock) };
  const status = budgetStatus(budget, pods, expectedPods(context, budget, pods), now);
  await writeStatus(api, refs.podDisruptionBudgets, budget, status);
  // An eviction that came to nothing is forgotten some time later.
  return status.disruptedPods ? { requeueAfterMs: 10_000 } : undefined;
}

/** A plain number asks for the pods there are; shares are of what their controllers want. */
function expectedPods(
  { informers }: ControllerContext,
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
): number {
  if (spec?.maxUnavailable === undefined && typeof spec?.minAvailable !== 'string') {
    return pods.length;
  }
  const counted = new Set<string>();
  let expected = 0;
  for (const pod of pods) {
    const owner = getControllerOf(pod);
    const ref = owner && scalable[owner.kind];
    const found =
      ref && informers.of<Scalable>(ref).store.get(`${pod.metadata?.namespace}/${owner.name}`);
    if (!owner || !found || !isControlledBy(pod, found)) expected++;
    else if (!counted.has(owner.uid)) {
      counted.add(owner.uid);
      expected += found.spec?.replicas ?? 1;
    }
  }
  return expected;
}
