import { parseTime } from '../time.ts';
import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, required, tooLong } from '../causes.ts';
import type { KubeObject, ObjectMeta } from '../object.ts';
import type { Resource } from '../resource.ts';
import { utf8Length } from '../text.ts';
import { dnsLabel, dnsSubdomain, qualifiedName, validLabelValue } from './names.ts';

const maxAnnotationBytes = 256 * 1024;

/** Kubernetes' ValidateObjectMeta. */
export function validateMetadata(resource: Resource, object: KubeObject): FieldCause[] {
  const meta = object.metadata ?? {};
  const checkName = (name: string): string[] => resource.validateName?.(name) ?? dnsSubdomain(name);
  const causes: FieldCause[] = [];
  if (meta.generateName) {
    // A trailing dash is what a prefix is for; the random suffix follows it.
    const prefix = meta.generateName.replace(/-+$/, 'a');
    for (const error of checkName(prefix)) {
      causes.push(invalidValue('metadata.generateName', meta.generateName, error));
    }
  }
  if (!meta.name) {
    causes.push(required('metadata.name', 'name or generateName is required'));
  } else {
    for (const error of checkName(meta.name)) {
      causes.push(invalidValue('metadata.name', meta.name, error));
    }
  }
  if (resource.namespaced) {
    if (!meta.namespace) causes.push(required('metadata.namespace'));
    else {
      for (const error of dnsLabel(meta.namespace)) {
        causes.push(invalidValue('metadata.namespace', meta.namespace, error));
      }
    }
  } else if (meta.namespace) {
    causes.push(forbidden('metadata.namespace', 'not allowed on this type'));
  }
  return [
    ...causes,
    ...validateLabels(meta.labels, 'metadata.labels'),
    ...validateAnnotations(meta.annotations, 'metadata.annotations'),
    ...validateOwners(meta),
    ...validateFinalizers(meta.finalizers, 'metadata.finalizers'),
  ];
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldCause[] {
  const causes: FieldCause[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const error of qualifiedName(key)) causes.push(invalidValue(field, key, error));
    for (const error of validLabelValue(value)) causes.push(invalidValue(field, value, error));
  }
  return causes;
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldCause[] {
  const causes: FieldCause[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const error of qualifiedName(key.toLowerCase())) {
      causes.push(invalidValue(field, key, error));
    }
    bytes += utf8Length(key) + utf8Length(value);
  }
  if (bytes > maxAnnotationBytes) causes.push(tooLong(field, maxAnnotationBytes));
  return causes;
}

function validateOwners(meta: ObjectMeta): FieldCause[] {
  const causes: FieldCause[] = [];
  const owners = meta.ownerReferences ?? [];
  owners.forEach((owner, i) => {
    const field = `metadata.ownerReferences[${i}]`;
    if (owner.apiVersion === '') {
      causes.push(
        invalidValue(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'),
      );
    }
    for (const key of ['kind', 'name', 'uid'] as const) {
      if (owner[key] === '') {
        causes.push(invalidValue(`${field}.${key}`, '', `${key} must not be empty`));
      }
    }
  });
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const names = controllers.map((owner) => `${owner.kind}/${owner.name}`).join(' and ');
    causes.push(
      invalidValue(
        'metadata.ownerReferences',
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${names}`,
      ),
    );
  }
  return causes;
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

export function validateFinalizers(
  finalizers: readonly string[] | undefined,
  field: string,
): FieldCause[] {
  const causes: FieldCause[] = [];
  for (const name of finalizers ?? []) {
    for (const error of qualifiedName(name)) causes.push(invalidValue(field, name, error));
    if (!name.includes('/') && !standardFinalizers.includes(name)) {
      causes.push(
        invalidValue(
          field,
          name,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
    }
  }
  return causes;
}

const fixed = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Times may be written in more than one way, such as with and without milliseconds. */
const sameValue = (given: string | number, old: string | number | undefined): boolean =>
  given === old ||
  (typeof given === 'string' &&
    typeof old === 'string' &&
    parseTime(given) !== undefined &&
    parseTime(given) === parseTime(old));

/** What an update may not change. Fields that the caller left out are kept, and so are fine. */
export function validateMetadataUpdate(given: ObjectMeta, old: ObjectMeta): FieldCause[] {
  const causes: FieldCause[] = [];
  for (const key of fixed) {
    if (given[key] !== undefined && !sameValue(given[key], old[key])) {
      causes.push(invalidValue(`metadata.${key}`, given[key], 'field is immutable'));
    }
  }
  if (old.deletionTimestamp) {
    const added = (given.finalizers ?? []).filter((name) => !old.finalizers?.includes(name));
    if (added.length > 0) {
      const list = added.map((name) => JSON.stringify(name)).join(', ');
      causes.push(
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  return causes;
}
