import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { knownDifferences } from './differences.ts';

test('every known difference is one that a test asks about, and the other way round', () => {
  const here = import.meta.dirname;
  const sources = readdirSync(here)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(here, name), 'utf8'));
  const asked = sources.flatMap((text) =>
    [...text.matchAll(/differs\(\s*'([^']+)'/g)].map(([, name = '']) => name),
  );
  expect([...new Set(asked)].sort()).toEqual(knownDifferences().sort());
});
