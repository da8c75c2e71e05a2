import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { newId } from './identity.ts';
import { hexId, idOfShown, shownId } from './shown-id.ts';

test('an id is shown with 64 bits, and found again by them', () => {
  const seed = inject('seed');
  const rng = createRng(seed);
  const ids = [
    1,
    2,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    ...Array.from({ length: 1000 }, () => newId(rng)),
  ];
  for (const id of ids) {
    const shown = shownId(id);
    expect(BigInt.asUintN(64, shown), `SEED=${seed} ${id}`).toBe(shown);
    expect(idOfShown(shown)).toBe(id);
    expect(hexId(id)).toBe(shown.toString(16));
  }
});

test('nobody is 0, and what is nobody’s is told from what is', () => {
  expect(shownId(0)).toBe(0n);
  const shown = shownId(newId(createRng(5)));
  const others = [0n, 5n, -1n, shown + 1n, shown ^ 1n, shown + (1n << 64n), 2n ** 64n - 1n];
  for (const other of others) expect(idOfShown(other)).toBeUndefined();
});
