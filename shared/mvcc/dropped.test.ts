import { expect, test } from 'vitest';
import { DroppedRecords } from './dropped.ts';

test('hands out neighbours together, everything once, tombstones as such', () => {
  const dropped = new DroppedRecords();
  // Key by key, each with changes all over the history.
  for (let key = 0; key < 10; key++) {
    for (let main = 1000 + key; main < 5000; main += 100) {
      dropped.add({ main, sub: key % 3, tombstone: key === 9 });
    }
  }
  expect(dropped.size).toBe(400);
  const all: string[] = [];
  for (let some = dropped.take(); some.length > 0; some = dropped.take()) {
    const mains = some.map(({ main }) => main);
    expect(Math.max(...mains) - Math.min(...mains)).toBeLessThan(64);
    for (const { main, sub, tombstone } of some) {
      const key = main % 100;
      expect({ sub, tombstone }).toEqual({ sub: key % 3, tombstone: key === 9 });
      all.push(`${main}`);
    }
  }
  expect(new Set(all).size).toBe(400);
  expect(all.length).toBe(400);
  expect(dropped.size).toBe(0);
});
