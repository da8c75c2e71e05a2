import type { KubeObject, OwnerReference } from '#shared/api';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** What is known of one owner. */
export type OwnerState =
  /** It exists, with this uid. */
  | 'there'
  /** It exists and waits for its dependents before it goes. */
  | 'waiting'
  /** No such object, or a namesake with another uid. */
  | 'absent'
  /** A kind that nobody serves: nothing can be said. */
  | 'unknown';

export type DependentAction =
  | { readonly action: 'none' }
  /** Some owners are gone and some are not: forget those that are. */
  | { readonly action: 'unlink'; readonly ownerReferences: OwnerReference[] }
  | { readonly action: 'delete'; readonly propagation: 'background' | 'foreground' };

/**
 * What becomes of an object by its owners: it stays while one of them does. With none left it goes,
 * foreground where an owner waits for it and it has dependents of its own.
 */
export function planDependent(
  object: KubeObject,
  stateOf: ReadonlyMap<string, OwnerState>,
  hasDependents: boolean,
): DependentAction {
  const owners = object.metadata?.ownerReferences ?? [];
  if (owners.length === 0) return { action: 'none' };
  const states = owners.map((owner) => ({ owner, state: stateOf.get(owner.uid) ?? 'unknown' }));
  const staying = states.filter(({ state }) => state === 'there' || state === 'unknown');
  if (staying.length === owners.length) return { action: 'none' };
  if (staying.length > 0) {
    return { action: 'unlink', ownerReferences: staying.map(({ owner }) => owner) };
  }
  const waited = states.some(({ state }) => state === 'waiting');
  return { action: 'delete', propagation: waited && hasDependents ? 'foreground' : 'background' };
}

/** Whether the owner may not go before this dependent. */
export const blocks = (dependent: KubeObject, ownerUid: string): boolean =>
  dependent.metadata?.ownerReferences?.some(
    (owner) => owner.uid === ownerUid && owner.blockOwnerDeletion === true,
  ) === true;

export const names = (dependent: KubeObject, ownerUid: string): boolean =>
  dependent.metadata?.ownerReferences?.some(({ uid }) => uid === ownerUid) === true;

export const hasFinalizer = (object: KubeObject, finalizer: string): boolean =>
  object.metadata?.finalizers?.includes(finalizer) === true;

export const isDeleting = (object: KubeObject): boolean =>
  object.metadata?.deletionTimestamp !== undefined;
