import { expect, test } from 'vitest';
import { applied } from './plant.ts';

const patch = { file: 'x', find: 'if (a) return b;', replace: 'return b;' };

test('a patch fits whatever the formatting, and exactly once', () => {
  const mutant = { name: 'm' };
  expect(applied(mutant, patch, 'f(); if (a)\n    return b; g();')).toBe('f(); return b; g();');
  expect(() => applied(mutant, patch, 'if (a) return c;')).toThrow(/fits 0 places/);
  expect(() => applied(mutant, patch, 'if (a) return b; if (a) return b;')).toThrow(
    /fits 2 places/,
  );
});
