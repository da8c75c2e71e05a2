import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';

/** How unknown and duplicate fields are met; Kubernetes' fieldValidation. */
export type FieldValidation = 'strict' | 'warn' | 'ignore';

/** What the server gives a new object. */
export interface CreateContext {
  /** The namespace of the request, '' for a cluster-scoped kind. */
  readonly namespace: string;
  readonly uid: string;
  /** RFC 3339 with seconds. */
  readonly now: string;
  /** Five random characters for generateName. */
  readonly suffix: string;
}

declare function todo(...args: unknown[]): never;

/**
 * A request body as an object of this kind: apiVersion and kind agree (or are filled in), every
 * field has its type, nulls are dropped. Throws `bad-request` naming the fields; unknown fields are
 * errors (strict), warnings, or nothing, and are dropped unless the schema keeps them.
 */
export function decodeObject(
  resource: Resource,
  body: unknown,
  validation: FieldValidation = 'strict',
): { object: KubeObject; warnings: string[] } {
  return todo(resource, body, validation);
}

/**
 * A decoded object as it is to be stored: system metadata set, status dropped where it is a
 * subresource, defaults filled in, validated. Throws `invalid` or `bad-request`. Does not change
 * its argument.
 */
export function prepareCreate(
  resource: Resource,
  object: KubeObject,
  context: CreateContext,
): KubeObject {
  return todo(resource, object, context);
}

/**
 * The object to store when `object` replaces `old`: system metadata and status kept from `old`,
 * generation counted, defaults, validated against `old`. A differing uid is a `conflict`; a stale
 * resourceVersion is the registry's to find. Where it equals `old`, nothing needs writing.
 */
export function prepareUpdate(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
  return todo(resource, object, old);
}

/** The same for a write to the status subresource: only status, and metadata's labels etc. as Kubernetes, change. */
export function prepareStatusUpdate(
  resource: Resource,
  object: KubeObject,
  old: KubeObject,
): KubeObject {
  return todo(resource, object, old);
}
