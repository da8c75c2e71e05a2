import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import type { Message } from '#shared/raft';
import { HandedOver } from './handed-over.ts';

const append = (to: number, index: number): Message => ({
  type: 'append',
  from: 1,
  to,
  term: 2,
  prevLogIndex: index - 1,
  prevLogTerm: 2,
  entries: [{ type: 'normal', term: 2, index, data: new Uint8Array() }],
  commit: 0,
});
const answer = (from: number, index: number, term = 2, reject = false): Message => ({
  type: 'append-response',
  from,
  to: 1,
  term,
  index,
  reject,
  rejectHint: 0,
  rejectHintTerm: 0,
});
const handOver: Message = { type: 'timeout-now', from: 1, to: 2, term: 2 };

/** Entries up to 6 are on their way to both others. */
function checkerAt6(): HandedOver {
  const checker = new HandedOver();
  for (const to of [2, 3]) for (const index of [5, 6]) checker.sends(append(to, index));
  return checker;
}

test('leadership goes to a member that has acknowledged everything', () => {
  const checker = checkerAt6();
  checker.receives(answer(2, 6));
  checker.receives(answer(2, 5));
  checker.sends(handOver);
});

test.each([
  ['to one that lacks an entry', answer(2, 5)],
  ['to one that has refused the last entry', answer(2, 6, 2, true)],
  ['to one that said so in an older term', answer(2, 6, 1)],
  ['when another one has everything', answer(3, 6)],
])('leadership goes %s', (_, heard) => {
  const checker = checkerAt6();
  checker.receives(heard);
  expect(() => checker.sends(handOver)).toThrow(BrokenPromise);
});
