import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { KeyRanges } from './key-ranges.ts';

const seed = inject('seed');

test('ranges that touch are one, and an open end holds everything from there on', () => {
  const ranges = new KeyRanges([
    { key: 'c', rangeEnd: 'e' },
    { key: 'a', rangeEnd: 'c' },
    { key: 'k', rangeEnd: '' },
    { key: 'x', rangeEnd: '\0' },
  ]);
  expect(ranges.contains('b', 'd')).toBe(true);
  expect(ranges.contains('b', 'f')).toBe(false);
  expect(ranges.contains('k')).toBe(true);
  expect(ranges.contains('k\0')).toBe(false);
  // The one key that is granted is not everything from it on.
  expect(ranges.contains('k', '\0')).toBe(false);
  expect(ranges.contains('y', '\0')).toBe(true);
  expect(ranges.contains('a', '\0')).toBe(false);
  expect(ranges.contains('\u{ff}\u{ff}')).toBe(true);
});

test('says the same as asking key by key', () => {
  const rng = createRng(seed);
  const key = (): string => String.fromCharCode(97 + rng.int(20));
  for (let round = 0; round < 300; round++) {
    const granted = Array.from({ length: rng.int(6) }, () => ({
      key: key(),
      rangeEnd: rng.int(3) === 0 ? '' : key(),
    }));
    const allowed = (one: string): boolean =>
      granted.some((g) => (g.rangeEnd === '' ? one === g.key : one >= g.key && one < g.rangeEnd));
    const ranges = new KeyRanges(granted);
    const low = key();
    const high = key();
    expect(ranges.contains(low), `SEED=${seed}`).toBe(allowed(low));
    if (low >= high) continue;
    // Between two letters lies a key of two, which single keys do not grant.
    const inside = Array.from({ length: high.charCodeAt(0) - low.charCodeAt(0) }, (_, i) =>
      String.fromCharCode(low.charCodeAt(0) + i),
    ).flatMap((one) => [one, `${one}!`]);
    expect(ranges.contains(low, high), `SEED=${seed}`).toBe(inside.every(allowed));
  }
});
