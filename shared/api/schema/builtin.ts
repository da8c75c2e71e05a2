import { must } from '#shared/base';
import generated from '../gen/schemas.json' with { type: 'json' };
import type { Schema } from './schema.ts';

type Linkable = { $ref?: string; properties?: Record<string, Linkable> } & {
  items?: Linkable;
  additionalProperties?: Linkable;
};

const definitions = generated as unknown as Record<string, Linkable>;
const linked = new Set<Linkable>();
const ids = new Map<unknown, string>();

/** The schema of a built-in definition, such as `core/v1.Pod`, its references made direct. */
export function builtinSchema(id: string): Schema {
  return resolve(id);
}

/** The definition that a part of a built-in schema is, if it has a name; in linked schemas only. */
export const builtinDefinition = (schema: Schema): string | undefined =>
  // A reference may carry a patch strategy of its own, and is a copy then: its fields are not.
  ids.get(schema) ?? ids.get(schema.properties);

function resolve(id: string): Linkable {
  const schema = must(definitions[id], `no schema for ${id}`);
  ids.set(schema, id);
  if (schema.properties) ids.set(schema.properties, id);
  return link(schema);
}

function link(schema: Linkable): Linkable {
  if (schema.$ref !== undefined) {
    const { $ref, ...own } = schema;
    const target = resolve($ref);
    return Object.keys(own).length === 0 ? target : { ...target, ...own };
  }
  if (linked.has(schema)) return schema;
  linked.add(schema);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    must(schema.properties, name)[name] = link(property);
  }
  if (schema.items) schema.items = link(schema.items);
  if (schema.additionalProperties) schema.additionalProperties = link(schema.additionalProperties);
  return schema;
}
