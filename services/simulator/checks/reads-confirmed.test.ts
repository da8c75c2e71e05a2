import { expect, test } from 'vitest';
import type { ConfState } from '#shared/raft';
import { ReadsConfirmed } from './reads-confirmed.ts';

const conf: ConfState = {
  voters: [1, 2, 3],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};
const checker = () => {
  const reads = new ReadsConfirmed();
  const at = { term: 2 };
  return {
    asked: (context: number) =>
      reads.receives({ ...at, type: 'read-index', from: 2, to: 1, context }, 2),
    beats: (readContext: number) =>
      reads.sends({ ...at, type: 'heartbeat', from: 1, to: 2, commit: 1, readContext }, () => conf),
    heard: (from: number, readContext: number) =>
      reads.receives({ ...at, type: 'heartbeat-response', from, to: 1, readContext }, 2),
    answers: (context: number) =>
      reads.sends(
        { ...at, type: 'read-index-response', from: 1, to: 2, context, index: 1 },
        () => conf,
      ),
  };
};

test('a read is answered when a later heartbeat was', () => {
  const { asked, beats, heard, answers } = checker();
  asked(7);
  beats(1);
  beats(1);
  heard(3, 1);
  answers(7);
});

test('not by what answers an earlier one', () => {
  const { asked, beats, heard, answers } = checker();
  beats(1);
  asked(7);
  heard(2, 1);
  heard(3, 1);
  beats(2);
  expect(() => answers(7)).toThrow(/only 1 of 1, 2, 3/);
  heard(2, 2);
  answers(7);
});
