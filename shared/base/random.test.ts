import { expect, test } from 'vitest';
import { createRng } from './random.ts';

test('createRng: equal seeds give equal sequences, other seeds others', () => {
  const draw = (seed: number): number[] => {
    const rng = createRng(seed);
    return Array.from({ length: 5 }, () => rng.int(1_000_000));
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('createRng: int covers its range evenly', () => {
  const rng = createRng(1);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) {
    const drawn = rng.int(10);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  for (const count of counts) {
    expect(count).toBeGreaterThan(9_500);
    expect(count).toBeLessThan(10_500);
  }
});
