import { describe, expect, it } from 'vitest';
import type { Entry } from '#shared/raft';
import { CommittedKept } from './committed-kept.ts';
import { ElectionSafety } from './election-safety.ts';
import { LeaderCompleteness } from './leader-completeness.ts';
import { LinearizableReads } from './linearizable-reads.ts';
import { LogMatching } from './log-matching.ts';
import { StateMachineSafety } from './state-machine-safety.ts';
import { BrokenPromise } from './broken-promise.ts';

const entry = (index: number, term: number, data: number): Entry => ({
  index,
  term,
  type: 'normal',
  data: Uint8Array.of(data),
});

describe('checkers find broken histories and accept sound ones', () => {
  it('election safety: two leaders of one term', () => {
    const checker = new ElectionSafety();
    checker.leads(1, 2);
    checker.leads(1, 2);
    checker.leads(2, 3);
    expect(() => checker.leads(2, 2)).toThrow(BrokenPromise);
  });

  it('log matching: same index and term, other content or other past', () => {
    const checker = new LogMatching();
    checker.holds(entry(1, 1, 7), 0);
    checker.holds(entry(1, 1, 7), 0);
    checker.holds(entry(1, 2, 8), 0);
    expect(() => checker.holds(entry(1, 1, 8), 0)).toThrow(BrokenPromise);
    checker.holds(entry(2, 2, 9), 2);
    expect(() => checker.holds(entry(2, 2, 9), 1)).toThrow(BrokenPromise);
  });

  it('leader completeness: a later leader lacks a committed entry', () => {
    const checker = new LeaderCompleteness();
    checker.committed(5, 2, 3);
    checker.elected(1, 3, 0, () => 0);
    checker.elected(1, 4, 0, () => 2);
    checker.elected(1, 4, 5, () => 0);
    expect(() => checker.elected(1, 4, 0, () => 1)).toThrow(BrokenPromise);
  });

  it('committed entries: replaced, or lost for good', () => {
    const checker = new CommittedKept();
    checker.committed(1, 4, 2);
    checker.committed(2, 4, 2);
    checker.settled(2, 4);
    expect(() => checker.committed(2, 4, 3)).toThrow(BrokenPromise);
    expect(() => checker.settled(2, 3)).toThrow(BrokenPromise);
  });

  it('state machine safety: two states at one index', () => {
    const checker = new StateMachineSafety();
    checker.reached(1, 3, 'c');
    checker.reached(2, 3, 'c');
    expect(() => checker.reached(3, 3, 'd')).toThrow(BrokenPromise);
  });

  it('linearizable reads: an answer from the past, or to no question', () => {
    const checker = new LinearizableReads();
    checker.asked(1, 10);
    checker.answered(1, 10);
    expect(() => checker.answered(1, 9)).toThrow(BrokenPromise);
    expect(() => checker.answered(2, 99)).toThrow(BrokenPromise);
  });
});
