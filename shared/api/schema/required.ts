import type { FieldCause } from '#shared/base';
import { required } from '../causes.ts';
import type { Schema } from './schema.ts';

/**
 * Required fields that a decoded value lacks. Status is left out: it is written by components field
 * by field, and Kubernetes itself takes what is missing there as zero.
 */
export function missingFields(schema: Schema, object: object): FieldCause[] {
  const causes: FieldCause[] = [];
  walk(schema, object, '', causes);
  return causes;
}

function walk(schema: Schema, value: unknown, path: string, causes: FieldCause[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) value.forEach((item, i) => walk(items, item, `${path}[${i}]`, causes));
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) causes.push(required(at(key)));
  }
  for (const [key, part] of Object.entries(value)) {
    if (path === '' && key === 'status') continue;
    const inner =
      schema.properties && Object.hasOwn(schema.properties, key)
        ? schema.properties[key]
        : schema.additionalProperties;
    if (inner) walk(inner, part, at(key), causes);
  }
}
