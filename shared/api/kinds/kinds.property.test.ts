import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { type KubeObject, type Resource, resources } from '../index.ts';
import type { Schema } from '../schema/schema.ts';
import { create, refusal } from '../testing/samples.ts';

const rng = createRng(inject('seed'));
const texts = ['', 'a', 'a/b', 'A_b', '10Gi', '50%', '-1', '0', '2026-01-01T00:00:00Z', 'é'];

/** A value of the schema's types: any part may be missing, and texts and numbers are seldom right. */
function draw(schema: Schema, depth: number): unknown {
  if (schema['x-kubernetes-int-or-string']) return pick([...texts, 0, 1, -1]);
  switch (schema.type) {
    case 'string':
      return pick(texts);
    case 'integer':
      return pick([0, 1, -1, 2 ** 31 - 1]);
    case 'number':
      return rng.next();
    case 'boolean':
      return rng.int(2) === 0;
    case 'array':
      return depth > 8 || !schema.items ? [] : several(() => draw(schema.items ?? {}, depth + 1));
    case 'object':
    case undefined:
      break;
  }
  return depth > 8 ? {} : drawObject(schema, depth);
}

function drawObject({ properties = {}, additionalProperties }: Schema, depth: number): object {
  const kept = Object.entries(properties).filter(() => rng.int(3) === 0);
  const named = kept.map(([key, part]) => [key, draw(part, depth + 1)]);
  if (!additionalProperties) return Object.fromEntries(named);
  const free = several(() => [pick(texts), draw(additionalProperties, depth + 1)]);
  return Object.fromEntries([...named, ...free]);
}

const several = <T>(make: () => T): T[] => Array.from({ length: rng.int(3) }, make);
const pick = <T>(values: readonly T[]): T => values[rng.int(values.length)] as T;

/** What would be no answer but a bug. */
const bugs = /is not a function|not iterable|of undefined|of null|undefined or null|call stack/;

const stored = resources.filter(({ verbs }) => verbs.includes('create'));

test.each(stored)('$group $kind: whatever is sent is stored or refused', (resource) => {
  for (let i = 0; i < 40; i++) {
    const { metadata: _, ...properties } = resource.schema.properties ?? {};
    const body = { metadata: { name: 'x' }, ...drawObject({ properties }, 0) };
    const said = refusal(() => show(resource, create<KubeObject>(resource, body)));
    expect(said, JSON.stringify(body)).not.toMatch(bugs);
  }
});

/** Whatever is stored can be shown. */
function show({ columns }: Resource, object: KubeObject): void {
  for (const column of columns) column.cell(object, 0);
}
