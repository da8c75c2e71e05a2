import { cloneJson, setOwn } from './clone.ts';
import { equalJson } from './equal.ts';
import { badRequest } from './errors.ts';
import { goValue } from './schema/go-wording.ts';
import type { Schema } from './schema/schema.ts';

type Values = Record<string, unknown>;

const directive = '$patch';
const retainDirective = '$retainKeys';
const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';
/** As for merge patches: no object is this deep. */
const maxDepth = 500;

/**
 * Kubernetes' strategic merge patch: as a JSON merge patch, but lists whose schema names a merge
 * key are merged item by item, and directives in the patch delete, replace and order. Where the
 * schema says nothing, objects merge and lists are replaced. Neither argument is changed. Throws
 * `bad-request`.
 */
export function strategicMergePatch(schema: Schema, target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) {
    const got = `json: cannot unmarshal ${goValue(patch, schema)} into Go value`;
    throw badRequest(`${got} of type map[string]interface {}`);
  }
  return mergeMap(isMap(target) ? target : {}, patch, schema, 0);
}

function mergeMap(
  original: Values,
  patch: Values,
  schema: Schema | undefined,
  depth: number,
): Values {
  if (depth > maxDepth) throw badRequest('the patch is nested too deeply');
  const action = patch[directive];
  if (action === 'replace') return stripMap(patch, depth);
  if (action === 'delete') return {};
  if (action !== undefined && action !== 'merge') {
    throw badRequest(`unknown patch type found: ${JSON.stringify(action)}`);
  }
  const merged = new Map(Object.entries(retained(original, patch)));
  for (const [key, value] of Object.entries(patch)) {
    if (key === directive || key === retainDirective || key.startsWith(orderPrefix)) continue;
    if (key.startsWith(deletePrefix)) {
      deleteScalars(merged, key.slice(deletePrefix.length), value);
    } else if (value === null) {
      merged.delete(key);
    } else {
      merged.set(key, mergeValue(merged.get(key), value, fieldOf(schema, key), depth + 1));
    }
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const field = key.slice(orderPrefix.length);
    setOrder(merged, field, order, original[field], fieldOf(schema, field));
  }
  return fromEntries(merged);
}

function mergeValue(
  original: unknown,
  patch: unknown,
  schema: Schema | undefined,
  depth: number,
): unknown {
  if (isMap(patch)) return mergeMap(isMap(original) ? original : {}, patch, schema, depth);
  if (!Array.isArray(patch)) return patch;
  const list: unknown[] = Array.isArray(original) ? original : [];
  return merges(schema) ? mergeList(list, patch, schema, depth) : stripList(patch, depth);
}

function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema | undefined,
  depth: number,
): unknown[] {
  const mergeKey = schema?.['x-kubernetes-patch-merge-key'];
  if (mergeKey === undefined) {
    const all = [...original, ...patch];
    return all.filter((item, i) => all.findIndex((other) => equalJson(other, item)) === i);
  }
  if (patch.some((item) => isMap(item) && item[directive] === 'replace')) {
    const items = patch.filter((item) => !isMap(item) || item[directive] !== 'replace');
    return stripList(items, depth);
  }
  const merged = [...original];
  for (const item of patch) {
    const id = keyOf(item, mergeKey);
    const at = merged.findIndex((other) => isMap(other) && equalJson(other[mergeKey], id));
    if ((item as Values)[directive] === 'delete') {
      if (at >= 0) merged.splice(at, 1);
      continue;
    }
    const value = mergeMap(
      at >= 0 ? (merged[at] as Values) : {},
      item as Values,
      schema?.items,
      depth + 1,
    );
    if (at >= 0) merged[at] = value;
    else merged.push(value);
  }
  return merged;
}

function keyOf(item: unknown, mergeKey: string): unknown {
  const id = isMap(item) ? item[mergeKey] : undefined;
  if (id === undefined || id === null) {
    throw badRequest(
      `map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`,
    );
  }
  return id;
}

/** What of the original stays where the patch says which keys may. */
function retained(original: Values, patch: Values): Values {
  const keys = patch[retainDirective];
  if (keys === undefined) return original;
  if (!Array.isArray(keys)) throw badRequest(`${retainDirective} must be a list of keys`);
  const given = Object.keys(patch).filter((key) => !key.startsWith('$') && patch[key] !== null);
  const missing = given.find((key) => !keys.includes(key));
  if (missing !== undefined) {
    throw badRequest(`${retainDirective} must name every field of the patch: ${missing} is not`);
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function deleteScalars(merged: Map<string, unknown>, field: string, values: unknown): void {
  const list = merged.get(field);
  if (!Array.isArray(values)) throw badRequest(`${deletePrefix}${field} must be a list`);
  if (!Array.isArray(list)) return;
  merged.set(
    field,
    list.filter((item) => !values.some((value) => equalJson(value, item))),
  );
}

/**
 * Items that the patch orders stand in its order; the others keep their places among them as far
 * as the original says.
 */
function setOrder(
  merged: Map<string, unknown>,
  field: string,
  order: unknown,
  original: unknown,
  schema: Schema | undefined,
): void {
  if (!Array.isArray(order)) throw badRequest(`${orderPrefix}${field} must be a list`);
  const list = merged.get(field);
  if (!Array.isArray(list) || !merges(schema)) return;
  const mergeKey = schema?.['x-kubernetes-patch-merge-key'];
  const idOf = (item: unknown): string =>
    JSON.stringify(mergeKey !== undefined && isMap(item) ? item[mergeKey] : item);
  const places = (items: readonly unknown[]): Map<string, number> =>
    new Map(items.map((item, i) => [idOf(item), i]));
  const wanted = places(order);
  const before = places(Array.isArray(original) ? original : []);
  const mine: unknown[] = list
    .filter((item) => wanted.has(idOf(item)))
    .sort((a, b) => (wanted.get(idOf(a)) ?? 0) - (wanted.get(idOf(b)) ?? 0));
  const others: unknown[] = list.filter((item) => !wanted.has(idOf(item)));
  const result: unknown[] = [];
  while (mine.length > 0 && others.length > 0) {
    const left = before.get(idOf(others[0]));
    const right = before.get(idOf(mine[0]));
    const othersFirst = left !== undefined && right !== undefined && left < right;
    result.push(othersFirst ? others.shift() : mine.shift());
  }
  merged.set(field, [...result, ...mine, ...others]);
}

/** A value that replaces or is new: without directives and nulls. */
function stripMap(value: Values, depth: number): Values {
  const { [directive]: _, ...rest } = value;
  return mergeMap({}, rest, undefined, depth + 1);
}

function stripList(items: readonly unknown[], depth: number): unknown[] {
  return items.map((item) => (isMap(item) ? stripMap(item, depth) : cloneJson(item)));
}

const merges = (schema: Schema | undefined): boolean =>
  schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;

function fieldOf(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return schema?.additionalProperties;
}

function fromEntries(entries: Iterable<[string, unknown]>): Values {
  const object: Values = {};
  for (const [key, value] of entries) setOwn(object, key, value);
  return object;
}

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
