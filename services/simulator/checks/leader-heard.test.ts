import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import type { ConfState, Message } from '#shared/raft';
import { LeaderHeard } from './leader-heard.ts';

const conf: ConfState = {
  voters: [1, 2, 3],
  votersOutgoing: [],
  learners: [4],
  learnersNext: [],
  autoLeave: false,
};
const message = (type: string, from: number, to: number): Message =>
  ({ type, from, to, term: 5, readContext: 0, commit: 0 }) as unknown as Message;
const beat = message('heartbeat', 1, 2);

/** The leader beats on and on, and hears `heard` now and then. */
function leads(heard: number[], { slow = false, beats = 100 } = {}): void {
  const checker = new LeaderHeard({ heartbeatMs: 10, electionMs: 100 });
  for (let atMs = 0; atMs < 10 * beats; atMs += 10) {
    checker.sends(beat, conf, atMs, slow);
    if (atMs % 100 > 0) continue;
    for (const from of heard) checker.receives(message('heartbeat-response', from, 1), 5);
  }
}

test('a leader that most members, or nobody, can be heard by goes on', () => {
  for (const heard of [[], [4]]) expect(() => leads(heard)).toThrow(BrokenPromise);
});

test('one that hears enough, or has not had the time, is right', () => {
  leads([3]);
  leads([], { beats: 25 });
  leads([], { slow: true });
});
