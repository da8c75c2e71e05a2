import type { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet } from '#shared/api';
import { getControllerOf } from '#shared/api';
import { isGoing, nameOf, uidOf } from '../metadata.ts';
import type { ObjectHistory } from '../objects.ts';
import { claimNamed, isCompleted, isFor, isUsing } from '../storage.ts';
import { each, type Look } from './reality.ts';

const volumeNamed = (objects: ObjectHistory, name: string): PersistentVolume | undefined =>
  objects.all<PersistentVolume>('persistentvolumes').find((each) => nameOf(each) === name);

/** A claim that a pod somewhere uses has a volume, which says the same; others need none. */
const claims = each<PersistentVolumeClaim>('persistentvolumeclaims', (claim, { objects }) => {
  const { volumeName } = claim.spec ?? {};
  const phase = claim.status?.phase;
  const user = objects.all<Pod>('pods').find((pod) => isUsing(pod, claim));
  if (volumeName === undefined) {
    if (user) return `has no volume, and ${nameOf(user)} uses it`;
    return phase === 'Pending' ? '' : `is ${phase}, and has no volume`;
  }
  const volume = volumeNamed(objects, volumeName);
  if (!volume || !isFor(volume, claim))
    return phase === 'Lost' ? '' : `is ${phase}, and ${volumeName} is not its volume`;
  if (!isCompleted(claim)) return `is not bound to ${volumeName} for good`;
  return phase === 'Bound' ? '' : `is ${phase}, and has ${volumeName}`;
});

/** A volume is of the claim that it names; where that is gone it waits for a person, or is gone too. */
const volumes = each<PersistentVolume>('persistentvolumes', (volume, { objects }) => {
  const { claimRef, persistentVolumeReclaimPolicy: policy } = volume.spec ?? {};
  const phase = volume.status?.phase;
  if (!claimRef) return phase === 'Available' ? '' : `is ${phase}, and is of no claim`;
  const claim = objects
    .all<PersistentVolumeClaim>('persistentvolumeclaims')
    .find((one) => uidOf(one) === claimRef.uid);
  if (claim) {
    if (claim.spec?.volumeName !== nameOf(volume))
      return `is of ${nameOf(claim)}, which has ${claim.spec?.volumeName ?? 'none'}`;
    return phase === 'Bound' ? '' : `is ${phase}, and of ${nameOf(claim)}`;
  }
  if (policy === 'Delete') return 'is still there, and its claim is gone';
  return phase === 'Released' ? '' : `is ${phase}, and its claim is gone`;
});

/** The claims of a set's pods are there, and go with whom the set says. */
const templates = each<StatefulSet>('apps/statefulsets', (set, { objects }) => {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  const pods = objects.all<Pod>('pods').filter((pod) => getControllerOf(pod)?.uid === uidOf(set));
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    for (const pod of pods) {
      const name = `${nameOf(template)}-${nameOf(pod)}`;
      const claim = claimNamed(objects, set, name);
      if (!claim) return `has no claim ${name}`;
      if (isGoing(claim)) {
        // It goes when nobody uses it any more.
        if (isUsing(pod, claim)) continue;
        return `has claim ${name}, which is on its way out`;
      }
      const owned = claim.metadata?.ownerReferences?.some(({ uid }) => uid === uidOf(set)) === true;
      if (owned !== (whenDeleted === 'Delete'))
        return `has claim ${name}, which ${owned ? 'goes' : 'does not go'} with it`;
    }
    if (whenScaled !== 'Delete') continue;
    const prefix = `${nameOf(template)}-${nameOf(set)}-`;
    const left = objects
      .all<PersistentVolumeClaim>('persistentvolumeclaims')
      .find(
        ({ metadata: { name = '', ownerReferences = [] } = {} }) =>
          name.startsWith(prefix) &&
          Number(name.slice(prefix.length)) >= (set.spec?.replicas ?? 1) &&
          ownerReferences.some(({ kind }) => kind === 'Pod'),
      );
    if (left) return `keeps claim ${nameOf(left)}, which was to go with its pod`;
  }
  return '';
});

export const storage: readonly Look[] = [claims, volumes, templates];
