import {
  type ControllerRevision,
  objectKey,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type StatefulSet,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { EventRecorder, ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { OwnedPods } from '../owned-pods.ts';
import {
  pruneRevisions,
  type Revised,
  type Revisions,
  syncRevisions,
  templateOf,
} from '../revisions.ts';
import { writeStatus } from '../write-status.ts';
import { planStateful, type RevisionNames, statefulStatus } from './plan.ts';
import { syncClaimOwners } from './claim-owners.ts';
import { claimsOf, identified, isLeaving, ordinalOf, revisionOfPod } from './pods.ts';

/** Keeps numbered pods with names, claims and an order of their own. */
export function statefulSetController(context: ControllerContext): Controller {
  const queue = controllerQueue(context, 'statefulset');
  const title = (pod: string, set: StatefulSet): string =>
    `Pod ${pod} in StatefulSet ${set.metadata?.name}`;
  const owner = {
    ref: refs.statefulSets,
    kind: 'StatefulSet',
    component: 'statefulset-controller',
    selector: ({ spec }: StatefulSet) => spec?.selector,
    minReadySeconds: ({ spec }: StatefulSet) => spec?.minReadySeconds ?? 0,
    words: {
      created: (pod: string, set: StatefulSet) => `create ${title(pod, set)} successful`,
      removed: (pod: string, set: StatefulSet) => `delete ${title(pod, set)} successful`,
      refused: (pod: string, set: StatefulSet, why: string) =>
        `create ${title(pod, set)} failed error: ${why}`,
    },
  };
  const pods = new OwnedPods<StatefulSet>(context, owner, queue);
  context.informers.of(refs.controllerRevisions);
  const sets = context.informers.of<StatefulSet>(refs.statefulSets);
  context.informers.of<PersistentVolumeClaim>(refs.persistentVolumeClaims).addHandlers({
    deleted({ metadata }) {
      for (const set of sets.store.list(metadata?.namespace)) {
        if ((set.spec?.volumeClaimTemplates ?? []).length > 0) queue.add(objectKey(set));
      }
    },
  });
  return queuedController('statefulset', queue, (key) => reconcile(context, pods, key));
}

async function reconcile(
  context: ControllerContext,
  owned: OwnedPods<StatefulSet>,
  key: string,
): Promise<ReconcileResult> {
  const { api, clock } = context;
  const set = owned.get(key);
  if (!set || set.metadata?.deletionTimestamp !== undefined) return undefined;
  const upToDate = owned.isCurrent(key);
  const pods = await owned.claim(set);
  const revisions = await syncRevisions(context, revised(set));
  const names = namesOf(set, revisions);
  // Before a pod goes: its claims go with it, or stay.
  await syncClaimOwners(context, set, pods);
  if (upToDate) {
    for (const ordinal of waitingOrdinals(set, pods))
      await createClaims(context, owned.events, set, ordinal);
    const plan = planStateful(set, pods, names, clock.now());
    if (plan.create.length > 0) {
      for (const { ordinal } of plan.create)
        await createClaims(context, owned.events, set, ordinal);
      await owned.create(
        set,
        plan.create.map(({ ordinal, revision }) => podOf(owned, set, revisions, ordinal, revision)),
      );
    } else if (plan.remove.length > 0) await owned.remove(set, plan.remove);
  }
  const live = new Set([...pods.map(revisionOfPod), names.current]);
  const isLive = (revision: ControllerRevision): boolean => live.has(nameOf(revision));
  await pruneRevisions(context, revisions, isLive, set.spec?.revisionHistoryLimit ?? 10);
  const status = statefulStatus(set, pods, names, clock.now());
  await writeStatus(api, refs.statefulSets, set, status);
  const waiting = (status.readyReplicas ?? 0) > (status.availableReplicas ?? 0);
  return waiting ? { requeueAfterMs: 1_000 } : undefined;
}

/** Of pods that are nowhere yet: one whose claim was deleted gets another one. */
function waitingOrdinals(set: StatefulSet, pods: readonly Pod[]): number[] {
  const waiting = pods.filter((pod) => pod.spec?.nodeName === undefined && !isLeaving(pod));
  return waiting.flatMap((pod) => ordinalOf(set, pod) ?? []);
}

/** What the status says was current, if that revision is still there. */
function namesOf(set: StatefulSet, { update, all }: Revisions): RevisionNames {
  const before = all.find(({ metadata }) => metadata?.name === set.status?.currentRevision);
  return { current: nameOf(before ?? update), update: nameOf(update) };
}

const nameOf = ({ metadata }: ControllerRevision): string => metadata?.name ?? '';

function podOf(
  owned: OwnedPods<StatefulSet>,
  set: StatefulSet,
  revisions: Revisions,
  ordinal: number,
  name: string,
): Pod {
  const revision = revisions.all.find((each) => nameOf(each) === name) ?? revisions.update;
  return identified(set, owned.podOf(set, templateOf(revision)), ordinal, nameOf(revision));
}

async function createClaims(
  { api, informers }: ControllerContext,
  events: EventRecorder,
  set: StatefulSet,
  ordinal: number,
): Promise<void> {
  const { store } = informers.of<PersistentVolumeClaim>(refs.persistentVolumeClaims);
  for (const claim of claimsOf(set, ordinal)) {
    const { name, namespace } = claim.metadata ?? {};
    if (store.get(`${namespace}/${name}`)) continue;
    try {
      await api.create(refs.persistentVolumeClaims, claim);
      const { name: setName } = set.metadata ?? {};
      const message = `create Claim ${name} Pod ${setName}-${ordinal} in StatefulSet ${setName} success`;
      events.event(set, 'Normal', 'SuccessfulCreate', message);
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
    }
  }
}

const revised = (set: StatefulSet): Revised => ({
  object: set,
  ref: refs.statefulSets,
  kind: 'StatefulSet',
  selector: set.spec?.selector,
  template: set.spec?.template,
});
