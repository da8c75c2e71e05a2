import {
  getControllerOf,
  isControlledBy,
  type KubeObject,
  type LabelSelector,
  labelSelectorMatcher,
  newControllerRef,
  type OwnerReference,
  type ResourceRef,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import { unlessNotFound } from './not-found.ts';

export interface ClaimOptions<T extends KubeObject> {
  readonly api: ApiClient;
  readonly owner: KubeObject;
  readonly ownerRef: ResourceRef;
  readonly ownerKind: string;
  readonly selector: LabelSelector | undefined;
  readonly objectRef: ResourceRef;
  /** What the owner controls, and what nobody controls in its namespace. */
  readonly candidates: readonly T[];
}

/**
 * The objects that an owner manages: those it controls and selects. Objects that match and have no
 * controller are adopted, those it controls and no longer selects are released. As Kubernetes'
 * ControllerRefManager, an owner that is being deleted adopts nothing.
 */
export async function claim<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const { owner, candidates, selector } = options;
  const matcher = labelSelectorMatcher(selector);
  const dying = owner.metadata?.deletionTimestamp !== undefined;
  const claimed: T[] = [];
  let verified = false;
  for (const object of candidates) {
    const matches = matcher.matches(object.metadata?.labels);
    if (isControlledBy(object, owner)) {
      if (matches) claimed.push(object);
      else if (!dying) await release(options, object);
    } else if (matches && !dying && isFree(object)) {
      // A cached owner may be an old one: only a live one adopts.
      if (!verified) await verifyAlive(options);
      verified = true;
      const adopted = await adopt(options, object);
      if (adopted) claimed.push(adopted);
    }
  }
  return claimed;
}

const isFree = (object: KubeObject): boolean =>
  getControllerOf(object) === undefined && object.metadata?.deletionTimestamp === undefined;

async function verifyAlive<T extends KubeObject>(options: ClaimOptions<T>): Promise<void> {
  const { name = '', namespace, uid } = options.owner.metadata ?? {};
  const live = await options.api.get(options.ownerRef, name, namespace);
  if (live.metadata?.uid !== uid || live.metadata?.deletionTimestamp !== undefined) {
    throw new QuorateError('conflict', `${name} has been deleted or replaced`);
  }
}

async function adopt<T extends KubeObject>(
  options: ClaimOptions<T>,
  object: T,
): Promise<T | undefined> {
  const { owner, ownerRef, ownerKind } = options;
  const reference = newControllerRef(owner, { ...ownerRef, kind: ownerKind });
  return setOwners(options, object, [...(object.metadata?.ownerReferences ?? []), reference]);
}

async function release<T extends KubeObject>(options: ClaimOptions<T>, object: T): Promise<void> {
  const owners = object.metadata?.ownerReferences ?? [];
  const others = owners.filter(({ uid }) => uid !== options.owner.metadata?.uid);
  await setOwners(options, object, others);
}

/**
 * Undefined where the object is gone. Throws `conflict` where it has changed: who goes on as if it were let go
 * would make another in its place.
 */
async function setOwners<T extends KubeObject>(
  { api, objectRef }: ClaimOptions<T>,
  object: T,
  ownerReferences: OwnerReference[],
): Promise<T | undefined> {
  const { name = '', namespace, uid = '', resourceVersion = '' } = object.metadata ?? {};
  const patch = { metadata: { uid, resourceVersion, ownerReferences } };
  return await api.patch<T>(objectRef, name, 'merge', patch, { namespace }).catch(unlessNotFound);
}
