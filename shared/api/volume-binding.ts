import { equalJson } from './equal.ts';
import { isDefaultClass } from './kinds/storage-class.ts';
import { matchesNodeTerm } from './node-affinity.ts';
import { compareQuantities, parseQuantity } from './quantity.ts';
import { labelSelectorMatcher } from './selectors.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from './types.ts';

/** What Kubernetes' parts tell each other of volumes, in annotations. */
export const volumeAnnotations = {
  /** On a claim: the binding is complete. */
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  /** On a claim and on a volume: a controller chose the other one, not a person. */
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  /** On a claim: where the pod goes that waits for the volume. */
  selectedNode: 'volume.kubernetes.io/selected-node',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
} as const;

/** On a node: the folder of its machine in which volumes are made for claims. */
export const localStorageAnnotation = 'quorate.dev/local-storage';

export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer';

/** A class whose volumes people make. */
export const noProvisioner = 'kubernetes.io/no-provisioner';

/** A claim's request, or a volume's capacity. */
const amount = (storage: string | undefined) => parseQuantity(storage ?? '0');

/** Whether the volume is meant for this claim, by whoever made it or by the binder. */
export function isClaimedBy(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { claimRef } = volume.spec ?? {};
  const { name, namespace, uid } = claim.metadata ?? {};
  if (claimRef?.name !== name || claimRef?.namespace !== namespace) return false;
  return !claimRef?.uid || claimRef.uid === uid;
}

/** Whether a volume that is nobody else's is what the claim asks for. */
export function suitsClaim(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec = {}, metadata = {} } = volume;
  const asked = claim.spec;
  if (!asked || metadata.deletionTimestamp !== undefined) return false;
  if (spec.claimRef ? !isClaimedBy(volume, claim) : volume.status?.phase !== 'Available') {
    return false;
  }
  if ((spec.storageClassName ?? '') !== (asked.storageClassName ?? '')) return false;
  if ((spec.volumeMode ?? 'Filesystem') !== (asked.volumeMode ?? 'Filesystem')) return false;
  const modes: readonly string[] = spec.accessModes ?? [];
  if (!(asked.accessModes ?? []).every((mode) => modes.includes(mode))) return false;
  const selected = !asked.selector || labelSelectorMatcher(asked.selector).matches(metadata.labels);
  const held = amount(spec.capacity?.['storage']);
  return selected && compareQuantities(held, amount(asked.resources?.requests?.['storage'])) >= 0;
}

/** The volume for a claim: the one that is meant for it, else the smallest that will do. */
export function bestVolume(
  volumes: readonly PersistentVolume[],
  claim: PersistentVolumeClaim,
): PersistentVolume | undefined {
  const suiting = volumes.filter((volume) => suitsClaim(volume, claim));
  const size = ({ spec }: PersistentVolume) => amount(spec?.capacity?.['storage']);
  return (
    suiting.find(({ spec }) => spec?.claimRef) ??
    suiting.toSorted((a, b) => compareQuantities(size(a), size(b)))[0]
  );
}

/** Whether the volume can be reached from the node. */
export function volumeAllowsNode({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  return !required || required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));
}

/** The class for claims that name none: of several the newest, as in Kubernetes. */
export function defaultStorageClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const born = ({ metadata }: StorageClass): string => metadata?.creationTimestamp ?? '';
  return classes.filter(isDefaultClass).sort((a, b) => (born(a) < born(b) ? 1 : -1))[0];
}

/** Bound for good, to a volume that says the same. */
export const isBoundTogether = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  claim.metadata?.annotations?.[volumeAnnotations.bindCompleted] !== undefined &&
  claim.spec?.volumeName === volume.metadata?.name &&
  equalJson(volume.spec?.claimRef?.uid, claim.metadata?.uid);
