import { printed } from './fields.ts';
import type { Schema } from '../schema/schema.ts';

export type Values = Readonly<Record<string, unknown>>;

/** An item of a list that is owned item by item. */
export interface Item {
  readonly element: string;
  readonly value: unknown;
}

/** A value as ownership sees it: owned whole, field by field, or item by item. */
export type Structure =
  | { readonly type: 'whole' }
  | { readonly type: 'fields'; readonly value: Values }
  | { readonly type: 'items'; readonly items: readonly Item[] };

const whole: Structure = { type: 'whole' };

/**
 * How a value is owned by its schema. Where the schema is silent, objects are owned by field and
 * lists whole. A list whose items cannot be told apart (a key is missing, or two are equal) is owned
 * whole; `problem` is told why.
 */
export function structureOf(
  schema: Schema | undefined,
  value: unknown,
  problem?: (why: string) => void,
): Structure {
  if (typeof value !== 'object' || value === null) return whole;
  if (Array.isArray(value)) return listStructure(schema, value, problem);
  if (schema?.['x-kubernetes-map-type'] === 'atomic') return whole;
  return { type: 'fields', value: value as Values };
}

export function fieldSchema(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return schema?.additionalProperties;
}

/** The keys of a list's items; none where the list is a set; undefined where it is owned whole. */
function keysOf(schema: Schema | undefined): readonly string[] | undefined {
  if (!schema) return undefined;
  const type = schema['x-kubernetes-list-type'];
  if (type === 'map') return schema['x-kubernetes-list-map-keys'] ?? [];
  if (type === 'set') return [];
  if (type === 'atomic') return undefined;
  // Older declarations say it for strategic merge patch alone.
  if (!schema['x-kubernetes-patch-strategy']?.split(',').includes('merge')) return undefined;
  const key = schema['x-kubernetes-patch-merge-key'];
  return key === undefined ? [] : [key];
}

function listStructure(
  schema: Schema | undefined,
  list: readonly unknown[],
  problem?: (why: string) => void,
): Structure {
  const keys = keysOf(schema);
  if (!keys) return whole;
  const items: Item[] = [];
  const seen = new Set<string>();
  for (const [i, value] of list.entries()) {
    const element = keys.length === 0 ? `v:${JSON.stringify(value)}` : byKeys(schema, keys, value);
    if (element === undefined) {
      problem?.(
        `element ${i}: associative list with keys has an element that omits key field ${missing(keys, value)} (and doesn't have default value)`,
      );
      return whole;
    }
    if (seen.has(element)) {
      problem?.(`duplicate entries for key ${printed(element)}`);
      return whole;
    }
    seen.add(element);
    items.push({ element, value });
  }
  return { type: 'items', items };
}

function byKeys(
  schema: Schema | undefined,
  keys: readonly string[],
  item: unknown,
): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const id: Record<string, unknown> = {};
  for (const key of [...keys].sort()) {
    const value = (item as Values)[key] ?? fieldSchema(schema?.items, key)?.default;
    if (value === undefined) return undefined;
    id[key] = value;
  }
  return `k:${JSON.stringify(id)}`;
}

const missing = (keys: readonly string[], item: unknown): string =>
  JSON.stringify(keys.find((key) => (item as Values | undefined)?.[key] === undefined) ?? '');
