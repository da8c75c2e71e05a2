import { must } from '#shared/base';
import { type KubeObject, requestTooLarge, type Resource } from '#shared/api';
import type { Key, KeyValue } from '#shared/mvcc';
import { packFieldSets, unpackFieldSets } from './field-sets.ts';

/** etcd's default request limit, which Kubernetes objects live under. */
export const maxObjectBytes = 1.5 * 1024 * 1024;

/** An object as the store holds it. The object is shared: never change it. */
export interface Stored {
  readonly key: Key;
  readonly object: KubeObject;
  readonly modRevision: number;
}

/** The object in a key's value, with its resourceVersion, which the value itself does not hold. */
export function decodeObjectOf(resource: Resource, kv: KeyValue): KubeObject {
  const { value } = kv;
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  const object = JSON.parse(text) as KubeObject;
  must(object.metadata, `the value of ${kv.key} is an object`).resourceVersion = String(
    kv.modRevision,
  );
  unpackFieldSets(object);
  return resource.storedAs?.from(object) ?? object;
}

/** The value to store: JSON without resourceVersion, since only the store knows it. */
export function encodeObject(resource: Resource, object: KubeObject): Uint8Array {
  const stored = resource.storedAs?.to(object) ?? object;
  const { resourceVersion: _, managedFields, ...own } = stored.metadata ?? {};
  const metadata = {
    ...own,
    ...(managedFields && { managedFields: packFieldSets(managedFields) }),
  };
  const value = Buffer.from(JSON.stringify({ ...stored, metadata }));
  if (value.length > maxObjectBytes) {
    throw requestTooLarge(
      `Request entity too large: limit is ${maxObjectBytes} bytes, the object has ${value.length}`,
    );
  }
  return value;
}

/** The same object at another revision. */
export function withResourceVersion(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
