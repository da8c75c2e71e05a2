import type { Schema } from '../schema/schema.ts';
import { entries } from './compare.ts';
import { type Fields, fieldsOf, leaf } from './fields.ts';
import { structureOf } from './structure.ts';

/**
 * The fields that a configuration says something about: its leaves, and items of lists as such.
 * `problem` is told of lists whose items cannot be told apart.
 */
export function fieldSetOf(
  schema: Schema | undefined,
  value: unknown,
  problem: (path: string, why: string) => void = () => undefined,
  path = '',
): Fields | undefined {
  const structure = structureOf(schema, value, (why) => problem(path, why));
  if (structure.type === 'whole') return leaf;
  const children: [string, Fields][] = [];
  for (const [element, inner, part] of entries(schema, structure)) {
    const below = fieldSetOf(inner, part, problem, `${path}.${element.slice(2)}`) ?? leaf;
    children.push([element, element.startsWith('k:') ? withSelf(below) : below]);
  }
  return fieldsOf(false, children);
}

/** An item is there because somebody says so, whatever else is said of it. */
const withSelf = (node: Fields): Fields => fieldsOf(true, Object.entries(node)) ?? leaf;
