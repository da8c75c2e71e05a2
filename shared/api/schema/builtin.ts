import { must } from '#shared/base';
import generated from '../gen/schemas.json' with { type: 'json' };
import type { Schema } from './schema.ts';

type Linkable = { $ref?: string; properties?: Record<string, Linkable> } & {
  items?: Linkable;
  additionalProperties?: Linkable;
};

const definitions = generated as unknown as Record<string, Linkable>;
const linked = new Set<Linkable>();

/** The schema of a built-in definition, such as `core/v1.Pod`, its references made direct. */
export function builtinSchema(id: string): Schema {
  const schema = must(definitions[id], `no schema for ${id}`);
  link(schema);
  return schema;
}

function link(schema: Linkable): Linkable {
  if (schema.$ref !== undefined) return link(must(definitions[schema.$ref], schema.$ref));
  if (linked.has(schema)) return schema;
  linked.add(schema);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    must(schema.properties, name)[name] = link(property);
  }
  if (schema.items) schema.items = link(schema.items);
  if (schema.additionalProperties) schema.additionalProperties = link(schema.additionalProperties);
  return schema;
}
