import type { KubeObject, OwnerReference } from './object.ts';
import { groupVersion, type Resource } from './resource.ts';

/** The owner that manages this object, of which there is at most one. */
export const getControllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata?.ownerReferences?.find((owner) => owner.controller === true);

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean => {
  const uid = getControllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata?.uid;
};

/** The reference that makes `owner` the controller of an object. */
export function newControllerRef(
  owner: KubeObject,
  resource: Pick<Resource, 'group' | 'version' | 'resource' | 'kind'>,
): OwnerReference {
  return {
    apiVersion: groupVersion(resource),
    kind: resource.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** `namespace/name`, or the name alone: the key of an object within its collection. */
export function objectKey(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}
