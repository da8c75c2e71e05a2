import { equalJson } from '../equal.ts';
import type { Schema } from '../schema/schema.ts';
import { type Fields, fieldsOf, leaf } from './fields.ts';
import { fieldSchema, type Structure, structureOf } from './structure.ts';

/** How two states of an object differ. */
export interface Comparison {
  /** Fields that are new or have another value. */
  readonly changed: Fields | undefined;
  readonly removed: Fields | undefined;
}

const same: Comparison = { changed: undefined, removed: undefined };

/** `before` undefined: all that is in `after` is new. */
export function compare(schema: Schema | undefined, before: unknown, after: unknown): Comparison {
  // Most of what is compared is the same, and looking is much cheaper than taking it apart.
  if (before !== undefined && equalJson(before, after)) return same;
  const left = structureOf(schema, before);
  const right = structureOf(schema, after);
  const isNew = before === undefined;
  const isGone = after === undefined;
  const open = isNew ? right : isGone ? left : left.type === right.type ? right : undefined;
  if (!open || open.type === 'whole') {
    return { changed: isGone ? undefined : leaf, removed: isGone ? leaf : undefined };
  }
  const changed: [string, Fields][] = [];
  const removed: [string, Fields][] = [];
  for (const [element, part] of parts(schema, left, right)) {
    const inner = compare(part.schema, part.before, part.after);
    if (inner.changed) changed.push([element, inner.changed]);
    if (inner.removed) removed.push([element, inner.removed]);
  }
  return { changed: fieldsOf(isNew, changed), removed: fieldsOf(isGone, removed) };
}

interface Part {
  schema: Schema | undefined;
  before: unknown;
  after: unknown;
}

/** The fields or items of either side, by path element. */
function parts(
  schema: Schema | undefined,
  left: Structure,
  right: Structure,
): ReadonlyMap<string, Part> {
  const found = new Map<string, Part>();
  const add = (side: 'before' | 'after', structure: Structure): void => {
    for (const [element, inner, value] of entries(schema, structure)) {
      const part = found.get(element);
      if (part) part[side] = value;
      else {
        const fresh: Part = { schema: inner, before: undefined, after: undefined };
        fresh[side] = value;
        found.set(element, fresh);
      }
    }
  };
  add('before', left);
  add('after', right);
  return found;
}

/** Path element, schema and value of each part. */
export function* entries(
  schema: Schema | undefined,
  structure: Structure,
): Generator<[element: string, schema: Schema | undefined, value: unknown], void> {
  if (structure.type === 'fields') {
    for (const [key, value] of Object.entries(structure.value)) {
      if (value !== undefined) yield [`f:${key}`, fieldSchema(schema, key), value];
    }
  } else if (structure.type === 'items') {
    for (const { element, value } of structure.items) yield [element, schema?.items, value];
  }
}
