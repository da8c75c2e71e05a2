import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import type { Message } from '#shared/raft';
import { LeaderKept } from './leader-kept.ts';

const ask = { type: 'vote', from: 3, to: 2, term: 5, preVote: true, transfer: false } as const;
const request: Extract<Message, { type: 'vote' }> = { ...ask, lastLogIndex: 1, lastLogTerm: 1 };
const grant = {
  type: 'vote-response',
  from: 2,
  to: 3,
  term: 5,
  preVote: true,
  reject: false,
  commit: 0,
  commitTerm: 0,
} as const;

test('a vote against a leader that is heard', () => {
  const checker = new LeaderKept(1000);
  checker.heard(2, 1, 500);
  checker.asked(request, 1, 900);
  expect(() => checker.granted(grant)).toThrow(BrokenPromise);
});

test('a vote for the leader itself, asked for before it led', () => {
  const checker = new LeaderKept(1000);
  checker.heard(2, 3, 500);
  checker.asked({ ...request, preVote: false }, 3, 600);
  checker.granted({ ...grant, preVote: false });
});

test('a vote after the lease, after a loss, in a transfer, and after a restart', () => {
  const checker = new LeaderKept(1000);
  checker.heard(2, 1, 500);
  checker.asked(request, 1, 1600);
  checker.granted(grant);
  checker.asked({ ...request, term: 6 }, 0, 600);
  checker.granted({ ...grant, term: 6 });
  checker.asked({ ...request, term: 7, transfer: true }, 1, 600);
  checker.granted({ ...grant, term: 7 });
  checker.restarted(2);
  checker.asked({ ...request, term: 8 }, 1, 600);
  checker.granted({ ...grant, term: 8 });
});
