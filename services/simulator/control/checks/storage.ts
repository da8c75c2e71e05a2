import {
  isPodTerminal,
  type KubeObject,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '#shared/api';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { ObjectHistory } from './objects.ts';

// Written anew: what a checker shares with whom it judges, it cannot judge.

/** Both parts of a binding have been written. */
const completed = 'pv.kubernetes.io/bind-completed';

/** The claims that a pod uses, by name. */
export const claimNames = ({ spec }: Pod): string[] =>
  (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim ? [claim.claimName] : [],
  );

/** In the namespace of the pod, or of whoever else asks. */
export const claimNamed = (
  objects: ObjectHistory,
  { metadata }: KubeObject,
  name: string,
): PersistentVolumeClaim | undefined =>
  objects
    .all<PersistentVolumeClaim>('persistentvolumeclaims')
    .find((each) => nameOf(each) === name && each.metadata?.namespace === metadata?.namespace);

/** The pod is somewhere, has not ended, and holds the claim. */
export const isUsing = (pod: Pod, claim: KubeObject): boolean =>
  pod.spec?.nodeName !== undefined &&
  !isPodTerminal(pod) &&
  pod.metadata?.namespace === claim.metadata?.namespace &&
  claimNames(pod).includes(nameOf(claim));

export const isCompleted = ({ metadata }: PersistentVolumeClaim): boolean =>
  metadata?.annotations?.[completed] !== undefined;

/** The volume can be reached from the node; volumes here are each of one machine. */
export function reaches(volume: PersistentVolume, node: Node): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (!terms) return true;
  return terms.some(({ matchExpressions = [] }) =>
    matchExpressions.every(({ key, values = [] }) =>
      values.includes(node.metadata?.labels?.[key] ?? ''),
    ),
  );
}

/** All that the pod uses is there for it on that node, or can be made there. */
export function mayUse(objects: ObjectHistory, pod: Pod, node: Node): boolean {
  return claimNames(pod).every((name) => {
    const claim = claimNamed(objects, pod, name);
    if (!claim || isGoing(claim)) return false;
    const { volumeName } = claim.spec ?? {};
    if (volumeName === undefined) return true;
    const volume = objects
      .all<PersistentVolume>('persistentvolumes')
      .find((each) => nameOf(each) === volumeName);
    return volume !== undefined && isFor(volume, claim) && reaches(volume, node);
  });
}

export const isFor = ({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  spec?.claimRef?.uid === uidOf(claim);
