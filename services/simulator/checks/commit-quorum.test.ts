import { expect, test } from 'vitest';
import type { ConfState } from '#shared/raft';
import { CommitQuorum } from './commit-quorum.ts';

const conf = (voters: number[], votersOutgoing: number[] = []): ConfState => ({
  voters,
  votersOutgoing,
  learners: [],
  learnersNext: [],
  autoLeave: false,
});
/** Each member's durable log ends there, all in term 2. */
const logs = (ends: readonly number[]) => (member: number) => {
  const end = ends[member - 1];
  return end === undefined
    ? undefined
    : { compactedIndex: () => 0, term: (index: number) => (index <= end ? 2 : undefined) };
};
const leader = (voters: ConfState) => ({ id: 1, term: 2, conf: voters });

test('what is committed is on the disks of most', () => {
  const checker = new CommitQuorum();
  checker.says(leader(conf([1, 2, 3])), 5, logs([5, 5, 1]));
  checker.says(leader(conf([1, 2, 3])), 6, logs([5, 6, 6]));
  // Once is enough: what a member forgets later, others look for.
  checker.says(leader(conf([1, 2, 3])), 6, logs([6, 1, 1]));
  expect(() => checker.says(leader(conf([1, 2, 3])), 7, logs([6, 7, 6]))).toThrow(
    /only 2 of 1, 2, 3/,
  );
});

test('of four, two are not most', () => {
  const says = (): void =>
    new CommitQuorum().says(leader(conf([1, 2, 3, 4])), 5, logs([5, 5, 1, 1]));
  expect(says).toThrow(/entry 5/);
});

test('both majorities of a joint configuration', () => {
  const joint = conf([1, 2, 3], [1, 4, 5]);
  const says = (ends: number[]): void => new CommitQuorum().says(leader(joint), 5, logs(ends));
  says([5, 5, 0, 5, 0]);
  expect(() => says([5, 5, 5, 0, 0])).toThrow(/entry 5/);
});

test('a configuration that has just been left may have counted', () => {
  const checker = new CommitQuorum();
  checker.says(leader(conf([1, 2, 3])), 5, logs([5, 5, 0]));
  checker.says(leader(conf([1, 2, 3, 4])), 6, logs([6, 6, 0, 0]));
});

test('of an older term nothing is counted here', () => {
  new CommitQuorum().says({ ...leader(conf([1, 2, 3])), term: 3 }, 5, logs([5, 0, 0]));
});
