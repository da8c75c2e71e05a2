import { createRng } from '#shared/base';
import { expect, it } from 'vitest';
import { Member, noConf } from './testing/member.ts';
import type { Entry, Message } from './types.ts';

const entry = (index: number, term: number): Entry => ({
  index,
  term,
  type: 'normal',
  data: Uint8Array.of(index),
});

// A leader of ours never sends this, because its first append cuts the old end off; one that sends its
// log piece by piece from further back may (thesis, figure 3.1, AppendEntries rule 5).
it('commits no further than the last entry that the message shows to match', () => {
  const { raft } = new Member(
    1,
    { ...noConf, voters: [1, 2, 3] },
    {
      electionTicks: 10,
      heartbeatTicks: 1,
      rng: createRng(1),
      maxMessageBytes: 1024,
      maxInflightMessages: 4,
      maxUncommittedBytes: 1024,
      preVote: true,
      checkQuorum: true,
    },
  );
  const append = (
    from: number,
    term: number,
    entries: readonly Entry[],
    commit: number,
  ): Message => ({
    type: 'append',
    from,
    to: 1,
    term,
    prevLogIndex: 1,
    prevLogTerm: 1,
    entries,
    commit,
  });
  raft.step(append(2, 2, [entry(2, 2), entry(3, 2)], 1));
  raft.step(append(3, 3, [entry(2, 2)], 3));
  expect(raft.status().commit).toBe(2);
});
