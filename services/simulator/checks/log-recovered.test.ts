import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import { LogRecovered } from './log-recovered.ts';

/** `terms`: of the entries from `start` on. */
const log = (start: number, terms: readonly number[], backendNumber = 0) => ({
  compactedIndex: () => start,
  lastIndex: () => start + terms.length,
  term: (index: number) => terms[index - start - 1],
  backendNumber,
});
const entry = (index: number, term: number) => ({
  index,
  term,
  type: 'normal' as const,
  data: Buffer.of(),
});

test('what was there, and what was being written, comes back', () => {
  const checker = new LogRecovered();
  checker.restarted(1, log(0, [1, 1, 2]), log(1, [1, 2]));
  checker.writes(1, [{ entries: [entry(3, 3)] }, { entries: [entry(4, 3)] }]);
  checker.restarted(1, log(0, [1, 1, 2]), log(0, [1, 1, 3, 3]));
  checker.restarted(1, log(0, [1, 1, 1]), log(2, [], 1));
});

test('what was replaced before does not', () => {
  const checker = new LogRecovered();
  checker.writes(1, [{ entries: [entry(3, 3)] }]);
  checker.written(1);
  const before = log(0, [1, 1]);
  expect(() => checker.restarted(1, before, log(0, [1, 1, 3]))).toThrow(BrokenPromise);
  expect(() => checker.restarted(1, before, log(0, [1, 2]))).toThrow(BrokenPromise);
});

test('nor does anything behind a snapshot that took the place of it', () => {
  const checker = new LogRecovered();
  const longer = log(0, [1, 1, 1, 1]);
  expect(() => checker.restarted(1, longer, log(2, [1, 1], 1))).toThrow(/entry 3 of term 1/);
  expect(() => checker.restarted(1, log(2, [], 1), log(2, [1, 1], 1))).toThrow(BrokenPromise);
});
