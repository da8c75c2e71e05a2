import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';
import { applied } from './plant.ts';

const root = join(import.meta.dirname, '../../..');

test.each(mutants)('$name fits the code as it is now', (mutant) => {
  for (const patch of mutant.patches) {
    const source = readFileSync(join(root, `${patch.file}.ts`), 'utf8');
    expect(applied(mutant, patch, source)).not.toBe(source);
  }
});

test('names are unique', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});
