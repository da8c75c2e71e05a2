import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

test('gives the smallest first, also between pushes', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
      const heap = new Heap<number>((a, b) => a < b);
      const model: number[] = [];
      for (const step of steps) {
        model.sort((a, b) => a - b);
        expect(heap.peek()).toBe(model[0]);
        const popped = step === null ? heap.pop() : heap.push(step);
        expect(popped).toBe(step === null ? model.shift() : undefined);
        if (step !== null) model.push(step);
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});
