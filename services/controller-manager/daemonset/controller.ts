import {
  type ControllerRevision,
  type DaemonSet,
  equalJson,
  isPodAvailable,
  isPodReady,
  type Node,
  objectKey,
  type Pod,
  refs,
} from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { OwnedPods } from '../owned-pods.ts';
import {
  hashOf,
  pruneRevisions,
  type Revised,
  revisionLabel,
  syncRevisions,
} from '../revisions.ts';
import { writeStatus } from '../write-status.ts';
import { daemonPodSpec, planDaemons } from './plan.ts';

/** Keeps a pod on every node that its template fits. */
export function daemonSetController(context: ControllerContext): Controller {
  const queue = controllerQueue(context, 'daemonset');
  const { informers } = context;
  const sets = informers.of<DaemonSet>(refs.daemonSets);
  const owner = {
    ref: refs.daemonSets,
    kind: 'DaemonSet',
    component: 'daemonset-controller',
    selector: ({ spec }: DaemonSet) => spec?.selector,
    minReadySeconds: ({ spec }: DaemonSet) => spec?.minReadySeconds ?? 0,
  };
  const pods = new OwnedPods<DaemonSet>(context, owner, queue);
  informers.of(refs.controllerRevisions);
  const enqueueAll = (): void => {
    for (const set of sets.store.list()) queue.add(objectKey(set));
  };
  informers.nodes.addHandlers({
    added: enqueueAll,
    updated: (before, after) => {
      if (!equalJson(placing(before), placing(after))) enqueueAll();
    },
    deleted: enqueueAll,
  });
  return queuedController('daemonset', queue, (key) => reconcile(context, pods, key));
}

/** What of a node decides over its pods; heartbeats do not. */
const placing = ({ metadata, spec }: Node): object => ({ labels: metadata?.labels, spec });

async function reconcile(
  context: ControllerContext,
  owned: OwnedPods<DaemonSet>,
  key: string,
): Promise<ReconcileResult> {
  const { api, informers, clock } = context;
  const set = owned.get(key);
  if (!set || set.metadata?.deletionTimestamp !== undefined) return undefined;
  const current = owned.isCurrent(key);
  const pods = await owned.claim(set);
  const revisions = await syncRevisions(context, revised(set));
  const hash = hashOf(revisions.update);
  const minReady = set.spec?.minReadySeconds ?? 0;
  const plan = planDaemons(set, pods, informers.nodes.store.list(), hash, clock.now());
  if (current) {
    if (plan.create.length > 0) {
      await owned.create(
        set,
        plan.create.map((node) => podOf(owned, set, node, hash)),
      );
    } else if (plan.remove.length > 0) await owned.remove(set, plan.remove);
  }
  const live = new Set(pods.map(({ metadata }) => metadata?.labels?.[revisionLabel] ?? ''));
  const isLive = (revision: ControllerRevision): boolean => live.has(hashOf(revision));
  await pruneRevisions(context, revisions, isLive, set.spec?.revisionHistoryLimit ?? 10);
  await writeStatus(api, refs.daemonSets, set, plan.status);
  // One surged beside another is not in the status yet.
  const waiting = pods.some(
    (pod) => isPodReady(pod) && !isPodAvailable(pod, minReady, clock.now()),
  );
  return waiting ? { requeueAfterMs: 1_000 } : undefined;
}

function podOf(owned: OwnedPods<DaemonSet>, set: DaemonSet, node: string, hash: string): Pod {
  const pod = owned.podOf(set, set.spec?.template);
  const { generation } = set.metadata ?? {};
  const labels = {
    ...pod.metadata?.labels,
    [revisionLabel]: hash,
    ...(generation !== undefined && { 'pod-template-generation': String(generation) }),
  };
  const metadata = { ...pod.metadata, labels };
  return { ...pod, metadata, ...(pod.spec && { spec: daemonPodSpec(pod.spec, node) }) };
}

const revised = (set: DaemonSet): Revised => ({
  object: set,
  ref: refs.daemonSets,
  kind: 'DaemonSet',
  selector: set.spec?.selector,
  template: set.spec?.template,
});
