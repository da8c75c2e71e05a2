import {
  badRequest,
  jsonPatch,
  type KubeObject,
  mergePatch,
  type Resource,
  strategicMergePatch,
} from '#shared/api';
import type { PatchType } from '#shared/client';
import { checkNamespace } from './keys.ts';

/** The body of a write, before its kind is asked. Throws `bad-request` where it is no object. */
export function asObject(body: unknown): KubeObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('the body must be a JSON object');
  }
  const { metadata } = body as { metadata?: unknown };
  if (metadata !== undefined && (typeof metadata !== 'object' || Array.isArray(metadata))) {
    throw badRequest('metadata: Invalid value: must be an object');
  }
  return body;
}

/** What a patch makes of an object, or of a view of one. */
export function applyPatch(
  resource: Resource,
  target: KubeObject,
  type: PatchType,
  patch: unknown,
): unknown {
  if (type === 'json') return jsonPatch(target, patch);
  if (type === 'merge') return mergePatch(target, asObject(patch));
  // A Scale or another view has no lists to merge, and the schema of its kind does not matter.
  return strategicMergePatch(resource.schema, target, patch);
}

/** Throws `bad-request` where the body has another name than the request. */
export function checkName(object: KubeObject, name: string): void {
  const given = textOf(object.metadata?.name);
  if (given !== undefined && given !== name) {
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${name})`,
    );
  }
}

/** A body is not decoded yet: what is no text is refused when it is. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** The namespace of a write: the request's, which the body may repeat, or the body's. */
export function bodyNamespace(resource: Resource, object: KubeObject, requested?: string): string {
  const given = textOf(object.metadata?.namespace);
  if (!resource.namespaced && given) {
    throw badRequest(`metadata.namespace: Forbidden: ${resource.kind} is not namespaced`);
  }
  const namespace = checkNamespace(resource, requested || given);
  if (given && given !== namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${given}, ${namespace})`,
    );
  }
  return namespace;
}
