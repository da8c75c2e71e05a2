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

/** The same with zeros for what is missing, as a program in Go reads it: for rules that go on from there. */
export function withZeros(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item) => withZeros(items, item)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const missing = (schema.required ?? []).map((key) => [key, zeroOf(schema.properties?.[key])]);
  const given = Object.entries(value).map(([key, part]) => {
    const inner = schema.properties?.[key] ?? schema.additionalProperties;
    return [key, inner ? withZeros(inner, part) : part];
  });
  return Object.fromEntries([...missing, ...given]);
}

const zeros = { array: [], boolean: false, integer: 0, number: 0, string: '' } as const;

function zeroOf(schema: Schema | undefined): unknown {
  const type = schema?.type ?? 'string';
  return schema && type === 'object' ? withZeros(schema, {}) : zeros[type as keyof typeof zeros];
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
