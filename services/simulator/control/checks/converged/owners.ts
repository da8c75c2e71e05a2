import type { KubeObject, OwnerReference, PersistentVolume, Pod } from '#shared/api';
import { isGoing, nameOf, uidOf } from '../metadata.ts';
import type { ObjectHistory } from '../objects.ts';
import { isUsing } from '../storage.ts';
import { allResources, each, type Look, type Reality } from './reality.ts';

/** What was deleted is gone, with what belonged to it. */
export const owners: readonly Look[] = [
  ...allResources.map((resource) =>
    each<KubeObject>(resource, (object, { objects }) =>
      isGoing(object) && !isInUse(resource, object, objects)
        ? `was deleted and is still there (finalizers ${JSON.stringify(object.metadata?.finalizers ?? [])})`
        : '',
    ),
  ),
  dependents,
  inhabitants,
];

/** A volume stays for as long as it is bound, and a claim for as long as a pod somewhere uses it. */
function isInUse(resource: string, object: KubeObject, objects: ObjectHistory): boolean {
  if (resource === 'persistentvolumes')
    return (object as PersistentVolume).status?.phase === 'Bound';
  if (resource !== 'persistentvolumeclaims') return false;
  return objects.all<Pod>('pods').some((pod) => isUsing(pod, object));
}

/** Nothing outlives all of its owners, however like the old one its new namesake is. */
function dependents({ objects }: Reality): string {
  const living = byUid(objects);
  const lives = ({ uid, kind, name }: OwnerReference): boolean =>
    living.get(uid) === `${kind} ${name}`;
  for (const resource of allResources) {
    const unlinked = objects
      .all(resource)
      .find(
        ({ metadata }) =>
          metadata?.ownerReferences?.some(lives) && !metadata.ownerReferences.every(lives),
      );
    if (unlinked) return `${resource} ${unlinked.metadata?.name} still names an owner that is gone`;
    const orphan = objects.all(resource).find(({ metadata }) => {
      const { ownerReferences = [] } = metadata ?? {};
      return ownerReferences.length > 0 && !ownerReferences.some(lives);
    });
    if (!orphan) continue;
    const [owner] = orphan.metadata?.ownerReferences ?? [];
    return `${resource} ${orphan.metadata?.name} outlives its ${owner?.kind} ${owner?.name} (${owner?.uid})`;
  }
  return '';
}

/** `<kind> <name>` by uid. */
function byUid(objects: ObjectHistory): Map<string, string> {
  const all = allResources.flatMap((resource) => objects.all(resource));
  return new Map(all.map((object) => [uidOf(object), `${object.kind} ${nameOf(object)}`]));
}

function inhabitants({ objects }: Reality): string {
  const namespaces = new Set(objects.all('namespaces').map(nameOf));
  for (const resource of allResources) {
    const lost = objects
      .all(resource)
      .find(({ metadata }) => metadata?.namespace && !namespaces.has(metadata.namespace));
    if (lost)
      return `${resource} ${lost.metadata?.name} outlives its namespace ${lost.metadata?.namespace}`;
  }
  return '';
}
