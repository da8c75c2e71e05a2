import { builtinDefinition } from './builtin.ts';
import type { Schema } from './schema.ts';

/**
 * A value of a wrong type in a built-in kind, as Kubernetes' decoder words it (Go's encoding/json):
 * the struct's name, the path without indexes and keys of maps, and Go's name of the wanted type.
 * Undefined where the schema has no named definition, as that of a kind declared at run time.
 */
export function goWording(
  root: Schema,
  path: string,
  wanted: Schema,
  value: unknown,
): string | undefined {
  const rootName = builtinDefinition(root);
  if (rootName === undefined) return undefined;
  const type = goType(wanted);
  const got = `json: cannot unmarshal ${goValue(value, wanted)} into Go`;
  if (wanted['x-kubernetes-int-or-string']) return `${got} value of type int32`;
  let schema = root;
  let struct = rootName;
  const field: string[] = [];
  for (const name of path.replaceAll(/\[\d+\]/g, '').split('.')) {
    const next: Schema | undefined = schema.properties?.[name];
    // The rest is the key of a map, which Go does not mention.
    if (!next) break;
    struct = builtinDefinition(schema) ?? struct;
    field.push(name);
    schema = next;
    while (schema.items) schema = schema.items;
  }
  if (field.length === 0) return `${got} value of type ${type}`;
  return `${got} struct field ${unqualified(struct)}.${field.join('.')} of type ${type}`;
}

const unqualified = (definition: string): string =>
  definition.slice(definition.lastIndexOf('.') + 1);

function goType(schema: Schema): string {
  const named = builtinDefinition(schema);
  // `apps/v1.Deployment` is Go's package v1.
  if (named !== undefined) return named.slice(named.lastIndexOf('/') + 1);
  if (schema.items) return `[]${goType(schema.items)}`;
  if (schema.additionalProperties) return `map[string]${goType(schema.additionalProperties)}`;
  switch (schema.type) {
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.format ?? 'int64';
    case 'number':
      return 'float64';
    case 'object':
      return 'map[string]interface {}';
    case 'array':
      return '[]interface {}';
    case 'string':
    case undefined:
    default:
      return 'string';
  }
}

/** What Go's decoder calls a JSON value that it wanted otherwise. */
export function goValue(value: unknown, wanted: Schema): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  // A number that does not fit is told with its digits.
  if (typeof value === 'number') return wanted.type === 'integer' ? `number ${value}` : 'number';
  return typeof value;
}
