import { cloneJson, setOwn } from '../clone.ts';
import type { Schema } from '../schema/schema.ts';
import { childOf, elementsOf, type Fields } from './fields.ts';
import { fieldSchema, type Item, structureOf } from './structure.ts';

/** `live` with all that `config` says; what is owned whole is replaced. Changes neither. */
export function mergeTyped(schema: Schema | undefined, live: unknown, config: unknown): unknown {
  if (config === undefined) return cloneJson(live);
  const left = structureOf(schema, live);
  const right = structureOf(schema, config);
  if (right.type === 'fields' && left.type === 'fields') {
    const merged: Record<string, unknown> = {};
    for (const key of new Set([...Object.keys(left.value), ...Object.keys(right.value)])) {
      const inner = fieldSchema(schema, key);
      setOwn(merged, key, mergeTyped(inner, left.value[key], right.value[key]));
    }
    return merged;
  }
  if (right.type === 'items' && left.type === 'items') {
    return mergeItems(schema?.items, left.items, right.items);
  }
  return cloneJson(config);
}

/**
 * Items of the configuration in its order; those that only the live list has keep their places
 * before what follows them there.
 */
function mergeItems(
  schema: Schema | undefined,
  live: readonly Item[],
  config: readonly Item[],
): unknown[] {
  const known = new Map(live.map(({ element, value }) => [element, value]));
  const wanted = new Set(config.map(({ element }) => element));
  const done = new Set<string>();
  const merged: unknown[] = [];
  let at = 0;
  /** Live items up to the next one that the configuration has too. */
  const takeLive = (): void => {
    for (; at < live.length; at++) {
      const { element, value } = live[at] as Item;
      if (wanted.has(element)) {
        if (!done.has(element)) return;
      } else merged.push(cloneJson(value));
    }
  };
  for (const { element, value } of config) {
    if (known.has(element)) takeLive();
    merged.push(mergeTyped(schema, known.get(element), value));
    done.add(element);
  }
  takeLive();
  return merged;
}

/**
 * Takes away what its manager owned and nobody owns any more. Changes `value`, which is a copy.
 * `owned` is what all managers own now.
 */
export function prune(
  schema: Schema | undefined,
  value: unknown,
  before: Fields,
  owned: Fields | undefined,
): unknown {
  const structure = structureOf(schema, value);
  if (structure.type === 'fields') {
    const object = structure.value as Record<string, unknown>;
    for (const element of elementsOf(before)) {
      const key = element.slice(2);
      if (!element.startsWith('f:') || !Object.hasOwn(object, key)) continue;
      const still = childOf(owned, element);
      if (!still) delete object[key];
      else {
        const inner = childOf(before, element) ?? {};
        setOwn(object, key, prune(fieldSchema(schema, key), object[key], inner, still));
      }
    }
    return object;
  }
  if (structure.type !== 'items') return value;
  return structure.items.flatMap((item) => {
    const inner = childOf(before, item.element);
    if (!inner) return [item.value];
    const still = childOf(owned, item.element);
    return still ? [prune(schema?.items, item.value, inner, still)] : [];
  });
}
