import type { FieldCause } from '#shared/base';
import { firstFew } from './causes.ts';
import { cloneJson } from './clone.ts';
import { equalJson } from './equal.ts';
import { badRequest, conflict, invalid } from './errors.ts';
import type { KubeObject, ObjectMeta } from './object.ts';
import { groupVersion, type Resource } from './resource.ts';
import { decode } from './schema/decode.ts';
import { missingFields, withZeros } from './schema/required.ts';
import { validateMetadata, validateMetadataUpdate } from './validation/metadata.ts';

/** How unknown fields are met; Kubernetes' fieldValidation. */
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

type WithStatus = KubeObject & { status?: unknown };

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
  const { value, errors, unknownFields } = decode(resource.schema, body);
  const cannot = `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`;
  if (errors.length > 0) {
    throw badRequest(`${cannot}: ${firstFew(errors).join(', ')}`);
  }
  const object = value as KubeObject;
  const expected = groupVersion(resource);
  if (object.apiVersion && object.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (object.kind && object.kind !== resource.kind) {
    throw badRequest(
      `the kind in the data (${object.kind}) does not match the expected kind (${resource.kind})`,
    );
  }
  const unknown = unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (validation === 'strict' && unknown.length > 0) {
    throw badRequest(`${cannot}: strict decoding error: ${firstFew(unknown).join(', ')}`);
  }
  return {
    object: { ...object, apiVersion: expected, kind: resource.kind },
    warnings: validation === 'warn' ? unknown : [],
  };
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
  const given = object.metadata ?? {};
  if (given.resourceVersion) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (resource.namespaced && given.namespace && given.namespace !== context.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  const draft = draftOf(resource, object, newMetadata(resource, given, context));
  if (resource.hasStatus) delete draft.status;
  resource.prepareForCreate?.(draft);
  resource.defaults?.(draft);
  check(
    resource,
    draft,
    validateMetadata(resource, draft),
    (whole) => resource.validate?.(whole) ?? [],
  );
  return draft;
}

/**
 * What a create asks for, with its defaults: all that its writer owns. What the system adds by itself,
 * such as the selector of a Job, belongs to nobody, or an apply without it would take it away.
 */
export function requestedObject(resource: Resource, object: KubeObject): KubeObject {
  const draft = draftOf(resource, object, { ...object.metadata });
  if (resource.hasStatus) delete draft.status;
  resource.defaults?.(draft);
  return draft;
}

/**
 * The object to store when `object` replaces `old`: system metadata and status kept from `old`,
 * generation counted, defaults, validated against `old`. A differing uid is a `conflict`; a stale
 * resourceVersion is the registry's to find. Where the answer equals `old` (`equalJson`), nothing
 * needs writing.
 */
export function prepareUpdate(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
  const given = object.metadata ?? {};
  const kept = old.metadata ?? {};
  if (given.uid && given.uid !== kept.uid) {
    throw conflict(
      resource,
      kept.name ?? '',
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${kept.uid}`,
    );
  }
  const draft = draftOf(resource, object, updatedMetadata(given, kept));
  keepManagers(draft, old);
  if (resource.hasStatus) keep(draft, old, 'status');
  resource.prepareForUpdate?.(draft, old);
  resource.defaults?.(draft);
  if (resource.hasGeneration && draft.metadata && !equalJson(content(draft), content(old))) {
    draft.metadata.generation = (kept.generation ?? 0) + 1;
  }
  check(
    resource,
    draft,
    [...validateMetadataUpdate(given, kept), ...validateMetadata(resource, draft)],
    (whole) => resource.validate?.(whole, old) ?? [],
  );
  return draft;
}

/** The same for a write to the status subresource: nothing but the status changes. */
export function prepareStatusUpdate(
  resource: Resource,
  object: KubeObject,
  old: KubeObject,
): KubeObject {
  const uid = object.metadata?.uid;
  if (uid && uid !== old.metadata?.uid) {
    throw conflict(
      resource,
      old.metadata?.name ?? '',
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata?.uid}`,
    );
  }
  const { managedFields: _, ...metadata } = old.metadata ?? {};
  const draft = cloneJson({ ...old, metadata }) as WithStatus;
  keepManagers(draft, old);
  keep(draft, object, 'status');
  check(resource, draft, [], (whole) => resource.validateStatus?.(whole, old) ?? []);
  return draft;
}

/** A copy to change: apiVersion, kind and metadata first, as people expect to read it. */
function draftOf(resource: Resource, object: KubeObject, metadata: ObjectMeta): WithStatus {
  const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = object;
  return {
    apiVersion: groupVersion(resource),
    kind: resource.kind,
    metadata: cloneJson(metadata),
    ...cloneJson(rest),
  };
}

function newMetadata(resource: Resource, given: ObjectMeta, context: CreateContext): ObjectMeta {
  const { name, generateName, namespace, labels, annotations, ownerReferences, finalizers } = given;
  const generated = generateName
    ? // Room for the suffix, as Kubernetes leaves it.
      `${generateName.slice(0, 58)}${context.suffix}`
    : undefined;
  return compact({
    name: name || generated,
    generateName: generateName || undefined,
    namespace: resource.namespaced ? context.namespace : namespace,
    uid: context.uid,
    generation: resource.hasGeneration ? 1 : undefined,
    creationTimestamp: context.now,
    labels,
    annotations,
    ownerReferences,
    finalizers,
  });
}

function updatedMetadata(given: ObjectMeta, old: ObjectMeta): ObjectMeta {
  return compact({
    name: old.name,
    generateName: old.generateName,
    namespace: old.namespace,
    uid: old.uid,
    resourceVersion: old.resourceVersion,
    generation: old.generation,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp,
    deletionGracePeriodSeconds: old.deletionGracePeriodSeconds,
    labels: given.labels,
    annotations: given.annotations,
    ownerReferences: given.ownerReferences,
    finalizers: given.finalizers,
  });
}

function compact(metadata: { [K in keyof ObjectMeta]?: ObjectMeta[K] | undefined }): ObjectMeta {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== undefined && !isEmpty(value)),
  );
}

const isEmpty = (value: unknown): boolean =>
  value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** As they are, not copied: they are large, shared, and nobody changes them. */
function keepManagers(draft: KubeObject, { metadata }: KubeObject): void {
  const { managedFields } = metadata ?? {};
  if (managedFields) draft.metadata = { ...draft.metadata, managedFields };
}

function keep(draft: WithStatus, from: WithStatus, field: 'status'): void {
  if (from[field] === undefined) delete draft[field];
  else draft[field] = cloneJson(from[field]);
}

/** What generation counts changes of. */
function content(object: WithStatus): object {
  const { metadata: _m, status: _s, ...rest } = object;
  return rest;
}

/** Semantic rules may rely on required fields: they see zeros, and of those they say nothing more. */
function check(
  resource: Resource,
  object: KubeObject,
  metadataCauses: FieldCause[],
  validate: (object: KubeObject) => FieldCause[],
): void {
  const missing = missingFields(resource.schema, object);
  const whole = missing.length > 0 ? (withZeros(resource.schema, object) as KubeObject) : object;
  const isSaid = ({ field }: FieldCause): boolean =>
    missing.some((each) => field === each.field || /^[.[]/.test(after(each.field, field)));
  const others = validate(whole).filter((cause) => !isSaid(cause));
  const causes = [...metadataCauses, ...missing, ...others];
  if (causes.length > 0) throw invalid(resource, object.metadata?.name ?? '', causes);
}

/** What follows a prefix; '' where it is none. */
const after = (prefix: string, text: string): string =>
  text.startsWith(prefix) ? text.slice(prefix.length) : '';
