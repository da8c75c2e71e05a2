import {
  isBoundTogether,
  noProvisioner,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  suitsClaim,
  volumeAllowsNode,
  volumeAnnotations,
  waitsForConsumer,
} from '#shared/api';

/** What is known of volumes when a pod is looked at. */
export interface VolumeFacts {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** Volumes that no claim has, and that are not just being given to one. */
  free(): readonly PersistentVolume[];
}

/** A claim that gets its volume with its pod's node. */
export interface WaitingClaim {
  readonly claim: PersistentVolumeClaim;
  readonly candidates: readonly PersistentVolume[];
  /** Where none of them will do, one is made. */
  readonly provisions: boolean;
}

/** What a pod's claims ask of the node. */
export interface PodClaims {
  /** Why the pod can go nowhere now, in Kubernetes' words. */
  readonly problem?: string | undefined;
  readonly bound: readonly PersistentVolume[];
  readonly waiting: readonly WaitingClaim[];
}

export const noClaims: PodClaims = { bound: [], waiting: [] };

/** The claims that a pod uses by their names, its ephemeral volumes' among them. */
export const claimNames = ({ metadata, spec }: Pod): string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim: claim, ephemeral }) => {
    if (claim) return [claim.claimName];
    return ephemeral ? [`${metadata?.name}-${name}`] : [];
  });

export function podClaims(pod: Pod, facts: VolumeFacts): PodClaims {
  const names = claimNames(pod);
  if (names.length === 0) return noClaims;
  const bound: PersistentVolume[] = [];
  const waiting: WaitingClaim[] = [];
  const stuck = (problem: string): PodClaims => ({ problem, bound: [], waiting: [] });
  for (const name of names) {
    const claim = facts.claim(pod.metadata?.namespace ?? '', name);
    if (!claim) return stuck(`persistentvolumeclaim "${name}" not found`);
    if (claim.status?.phase === 'Lost') {
      const volume = claim.spec?.volumeName ?? '';
      return stuck(
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volume}"`,
      );
    }
    if (claim.metadata?.deletionTimestamp !== undefined) {
      return stuck(`persistentvolumeclaim "${name}" is being deleted`);
    }
    const volume = facts.volume(claim.spec?.volumeName ?? '');
    if (volume && isBoundTogether(claim, volume)) bound.push(volume);
    else {
      const storageClass = facts.storageClass(claim.spec?.storageClassName ?? '');
      if (!waitsForConsumer(storageClass) || claim.spec?.volumeName) return stuck(unbound);
      const candidates = facts.free().filter((each) => suitsClaim(each, claim));
      const provisions = storageClass !== undefined && storageClass.provisioner !== noProvisioner;
      waiting.push({ claim, candidates, provisions });
    }
  }
  return { bound, waiting };
}

const unbound = 'pod has unbound immediate PersistentVolumeClaims';

/** Why a pod with these claims cannot go to the node; empty where it can. */
export function whyNotOn({ problem, bound, waiting }: PodClaims, node: Node): readonly string[] {
  if (problem !== undefined) return [problem];
  if (!bound.every((volume) => volumeAllowsNode(volume, node))) {
    return ['node(s) had volume node affinity conflict'];
  }
  return volumesOn(waiting, node)
    ? []
    : ["node(s) didn't find available persistent volumes to bind"];
}

/** A claim with the volume that it gets on a node; undefined: one that is made for it. */
export interface Choice {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
}

/** What each waiting claim would get on the node; undefined where one would get none. */
export function volumesOn(waiting: readonly WaitingClaim[], node: Node): Choice[] | undefined {
  const taken = new Set<PersistentVolume>();
  const choices: Choice[] = [];
  for (const { claim, candidates, provisions } of waiting) {
    const selected = claim.metadata?.annotations?.[volumeAnnotations.selectedNode];
    if (selected !== undefined && selected !== node.metadata?.name) return undefined;
    const volume = candidates.find((each) => !taken.has(each) && volumeAllowsNode(each, node));
    if (!volume && !provisions) return undefined;
    if (volume) taken.add(volume);
    choices.push({ claim, volume });
  }
  return choices;
}
