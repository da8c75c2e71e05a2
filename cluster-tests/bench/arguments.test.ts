import { expect, test } from 'vitest';
import { countOf, sizesUpTo } from './arguments.ts';

test('so many keys as are asked for are measured at last', () => {
  expect(sizesUpTo(500)).toEqual([500]);
  expect(sizesUpTo(100_000)).toEqual([10_000, 100_000]);
  expect(sizesUpTo(300_000)).toEqual([10_000, 100_000, 300_000]);
  expect(sizesUpTo(2_000_000)).toEqual([10_000, 100_000, 1_000_000, 2_000_000]);
});

test.each(['', '0', '-1', '1e5', '100k', '1.5', '99999999999999999999'])(
  '%j is no count, and is not taken for one',
  (text) => {
    expect(() => countOf('keys', text)).toThrow('--keys takes a whole number above 0');
  },
);
