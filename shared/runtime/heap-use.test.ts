import { expect, test } from 'vitest';
import { heapUse, oldBytesMax } from './heap-use.ts';
import { dropStartUpGarbage } from './start-up-garbage.ts';

const mib = 1 << 20;

test('what is used is what a full collection left', async () => {
  expect(heapUse().limit).toBeGreaterThan(mib);
  const collected = (): number => {
    dropStartUpGarbage(Infinity);
    return heapUse().used;
  };
  await expect.poll(collected).toBeGreaterThan(mib);
  expect(heapUse().used).toBeLessThan(heapUse().limit);
});

test('the young generation is no room for what stays, however large V8 has made it', () => {
  expect(oldBytesMax(322 * mib, '--max-old-space-size=130')).toBe(130 * mib);
  expect(oldBytesMax(322 * mib, '--max_old_space_size 130')).toBe(130 * mib);
  const both = '--max-semi-space-size=2 --max-old-space-size=512';
  expect(oldBytesMax(518 * mib, both)).toBe(512 * mib);
  expect(oldBytesMax(4144 * mib, '--max-semi-space-size=16')).toBe(4096 * mib);
  expect(oldBytesMax(256 * mib, '--enable-source-maps')).toBe(250 * mib);
});
