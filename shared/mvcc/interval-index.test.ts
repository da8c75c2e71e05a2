import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntervalIndex } from './interval-index.ts';

test('finds what a search through all finds', () => {
  const point = fc.integer({ min: 0, max: 30 }).map((n) => n.toString(36));
  const step = fc.record({ low: point, high: point, remove: fc.boolean(), item: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const index = new IntervalIndex<number>();
      const model = new Map<string, { low: string; high: string; item: number }>();
      for (const { low, high, remove, item } of steps) {
        const name = `${low} ${high} ${item}`;
        if (!remove) {
          index.add(low, high, item);
          model.set(name, { low, high, item });
        } else if (model.delete(name)) index.remove(low, high, item);
      }
      for (let n = 0; n <= 31; n++) {
        const at = n.toString(36);
        const found: number[] = [];
        index.stab(at, (item) => found.push(item));
        const wanted = [...model.values()].filter(({ low, high }) => low <= at && at < high);
        const byNumber = (a: number, b: number): number => a - b;
        expect(found.toSorted(byNumber)).toEqual(wanted.map(({ item }) => item).toSorted(byNumber));
      }
    }),
  );
});
