import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pair, step } from './testing/pair.ts';

test('agrees with the naive model, whatever happens to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair();
      for (const step of steps) pair.run(step);
      pair.check();
      expect(pair.mvcc.revision).toBe(pair.model.revision);
    }),
    { numRuns: 400 },
  );
});

test('equal operations give equal digests on stores of different habits', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const eager = new Pair();
      const lazy = new Pair();
      for (const step of steps) {
        eager.run(step);
        for (const _ of eager.mvcc.compactionSteps()) break;
        if (step.type !== 'compactStep') lazy.run(step);
      }
      expect(eager.mvcc.hash()).toBe(lazy.mvcc.hash());
    }),
    { numRuns: 100 },
  );
});
