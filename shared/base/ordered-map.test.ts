import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedMap, type Summary } from './ordered-map.ts';

function all<V, S>(map: OrderedMap<V, S>, low = '', high?: string): [string, V][] {
  const out: [string, V][] = [];
  map.walk(low, high, (value, key) => {
    out.push([key, value]);
    return true;
  });
  return out;
}

const add: Summary<number, number> = {
  of: (values) => values.reduce((sum, value) => sum + value, 0),
  join: (sums) => sums.reduce((sum, value) => sum + value, 0),
};

function surveyed(map: OrderedMap<number, number>, low: string, high: string | undefined): number {
  let sum = 0;
  map.survey(
    low,
    high,
    (whole) => {
      sum += whole;
      return true;
    },
    (value) => {
      sum += value;
    },
  );
  return sum;
}

test('behaves as a sorted Map, whatever the order of operations', () => {
  const key = fc.integer({ min: 0, max: 600 }).map((n) => n.toString(36));
  const step = fc.record({ key, remove: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 2000, size: 'max' }),
      key,
      key,
      fc.boolean(),
      (steps, low, high, thenEmpty) => {
        const map = new OrderedMap<number, number>(add);
        const model = new Map<string, number>();
        for (const [i, { key, remove }] of steps.entries()) {
          if (!remove) {
            map.set(key, i);
            model.set(key, i);
          }
          expect(remove && map.delete(key)).toBe(remove && model.delete(key));
        }
        const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(map.size).toBe(model.size);
        expect(all(map)).toEqual(sorted);
        expect(all(map, low, high)).toEqual(sorted.filter(([k]) => k >= low && k < high));
        const within = sorted.filter(([k]) => k >= low && k < high).map(([, value]) => value);
        expect(surveyed(map, low, high)).toBe(add.of(within));
        expect(map.get(low)).toBe(model.get(low));
        if (!thenEmpty) return;
        let left = add.of([...model.values()]);
        for (const [k, value] of model) {
          expect(map.delete(k)).toBe(true);
          left -= value;
          expect(surveyed(map, '', undefined)).toBe(left);
        }
        expect(all(map)).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});

test('a map made of sorted entries is a map like any other', () => {
  for (const length of [0, 1, 47, 48, 49, 3000]) {
    const entries = Array.from({ length }, (_, i) => [String(i).padStart(5, '0'), i] as const);
    const map = OrderedMap.fromSorted(
      entries.map(([key]) => key),
      entries.map(([, value]) => value),
    );
    expect(all(map)).toEqual(entries);
    expect(map.size).toBe(length);
    map.set('00000x', -1);
    expect(map.get('00000x')).toBe(-1);
    for (const [key, value] of entries) {
      expect(map.get(key)).toBe(value);
      expect(map.delete(key)).toBe(true);
    }
    expect(all(map)).toEqual([['00000x', -1]]);
  }
});

test('a walk ends when the visitor says so', () => {
  const map = new OrderedMap<number>();
  for (let i = 0; i < 1000; i++) map.set(String(i).padStart(4, '0'), i);
  const seen: number[] = [];
  map.walk('0500', undefined, (value) => seen.push(value) < 3);
  expect(seen).toEqual([500, 501, 502]);
});

test('a walk over a part stops at its end', () => {
  const map = new OrderedMap<number>();
  for (let i = 0; i < 200; i++) map.set(String(i).padStart(3, '0'), i);
  expect(all(map, '063', '066').map(([k]) => k)).toEqual(['063', '064', '065']);
});
