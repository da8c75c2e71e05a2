import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LargeMap } from './large-map.ts';
import { LargeSet } from './large-set.ts';

const steps = fc.array(fc.record({ adds: fc.boolean(), item: fc.nat(30) }), { maxLength: 200 });

test('is a Map, however many it is made of', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const large = new LargeMap<number, string>(4);
      const map = new Map<number, string>();
      for (const [i, { adds, item }] of taken.entries()) {
        const known = map.has(item);
        if (adds && !known) {
          large.add(item, String(i));
          map.set(item, String(i));
        }
        const gone = !adds && large.delete(item);
        expect(gone).toBe(!adds && map.delete(item));
        expect(large.get(item)).toBe(map.get(item));
        expect(large.size).toBe(map.size);
      }
      expect(new Map([...large.keys()].map((key) => [key, large.get(key)]))).toEqual(map);
      expect([...large.values()].sort()).toEqual([...map.values()].sort());
    }),
  );
});

test('is a Set, however many it is made of', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const large = new LargeSet<number>(4);
      const set = new Set<number>();
      for (const { adds, item } of taken) {
        if (adds) {
          large.add(item);
          set.add(item);
        }
        const gone = !adds && large.delete(item);
        expect(gone).toBe(!adds && set.delete(item));
        expect(large.has(item)).toBe(set.has(item));
        expect(large.size).toBe(set.size);
      }
      expect([...large].sort((a, b) => a - b)).toEqual([...set].sort((a, b) => a - b));
    }),
  );
});

test('what is visited may be deleted', () => {
  const large = new LargeSet<number>(3);
  for (let i = 0; i < 10; i++) large.add(i);
  for (const item of large) if (item % 2 === 0) large.delete(item);
  expect([...large]).toEqual([1, 3, 5, 7, 9]);
});
