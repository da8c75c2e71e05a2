import {
  equalJson,
  newControllerRef,
  type OwnerReference,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type StatefulSet,
} from '#shared/api';
import type { ApiClient } from '#shared/client';
import type { ControllerContext } from '../controller.ts';
import { unlessNotFound } from '../not-found.ts';
import { claimsOf, firstOrdinal, ordinalOf, replicasOf } from './pods.ts';

/**
 * Makes the claims of a set's pods belong to whom the set's retention policy says: with `whenDeleted: Delete`
 * to the set, with `whenScaled: Delete` to a pod that is one too many. Whoever owns them, takes them along.
 */
export async function syncClaimOwners(
  { api, informers }: ControllerContext,
  set: StatefulSet,
  pods: readonly Pod[],
): Promise<void> {
  if ((set.spec?.volumeClaimTemplates ?? []).length === 0) return;
  const { store } = informers.of<PersistentVolumeClaim>(refs.persistentVolumeClaims);
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    for (const { metadata } of claimsOf(set, ordinal)) {
      const claim = store.get(`${metadata?.namespace}/${metadata?.name}`);
      if (!claim || claim.metadata?.deletionTimestamp !== undefined) continue;
      const before = claim.metadata?.ownerReferences ?? [];
      const others = before.filter((owner) => !isOurs(owner, set, pod));
      const ownerReferences = [...others, ...wantedOwners(set, pod, ordinal)];
      if (equalJson(before, ownerReferences)) continue;
      if (!(await isLiving(api, set))) return;
      const wanted = { ...claim, metadata: { ...claim.metadata, ownerReferences } };
      await api.update(refs.persistentVolumeClaims, wanted);
    }
  }
}

/** A claim that is given to a set which is gone would go as well, with its data. */
async function isLiving(api: ApiClient, { metadata }: StatefulSet): Promise<boolean> {
  const { name = '', namespace, uid } = metadata ?? {};
  const live = await api.get(refs.statefulSets, name, namespace).catch(unlessNotFound);
  return live?.metadata?.uid === uid && live?.metadata?.deletionTimestamp === undefined;
}

function isOurs({ kind, name }: OwnerReference, set: StatefulSet, pod: Pod): boolean {
  if (kind === 'Pod') return name === pod.metadata?.name;
  return kind === 'StatefulSet' && name === set.metadata?.name;
}

function wantedOwners(set: StatefulSet, pod: Pod, ordinal: number): OwnerReference[] {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  const first = firstOrdinal(set);
  const isTooMany = ordinal < first || ordinal >= first + replicasOf(set);
  if (isTooMany && whenScaled === 'Delete') {
    const { name = '', uid = '' } = pod.metadata ?? {};
    return [{ apiVersion: 'v1', kind: 'Pod', name, uid }];
  }
  if (whenDeleted !== 'Delete') return [];
  return [newControllerRef(set, { ...refs.statefulSets, kind: 'StatefulSet' })];
}
