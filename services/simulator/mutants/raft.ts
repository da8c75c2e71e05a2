import type { Mutant } from './mutant.ts';

export const raftMutants: readonly Mutant[] = [
  {
    name: 'vote-not-persisted',
    story: 'term and vote alone are not worth a write: a crash forgets who was voted for',
    patches: [
      {
        file: 'shared/storage/raft-log',
        find: 'entries.length === 0 && hardState.term === term && hardState.vote === vote',
        replace: 'entries.length === 0',
      },
    ],
  },
  {
    name: 'vote-twice',
    story: 'a member votes for whoever asks, also a second time in a term',
    patches: [
      {
        file: 'shared/raft/election',
        find: 'const mayVote = core.vote === from || free ||',
        replace: 'const mayVote = true || free ||',
      },
    ],
  },
  {
    name: 'vote-for-shorter-log',
    story: 'a log that is shorter, but of the same term, counts as up to date',
    patches: [
      {
        file: 'shared/raft/log',
        find: 'term === this.lastTerm && index >= this.lastIndex',
        replace: 'term === this.lastTerm',
      },
    ],
  },
  {
    name: 'vote-for-older-term',
    story: 'the longer log wins, whatever the terms of its entries (Raft, 5.4.1)',
    patches: [
      {
        file: 'shared/raft/log',
        find: 'return term > this.lastTerm || (term === this.lastTerm && index >= this.lastIndex);',
        replace: 'return index >= this.lastIndex;',
      },
    ],
  },
  {
    name: 'commit-older-term-by-counting',
    story: 'a leader commits entries of an older term by counting them (figure 8)',
    patches: [
      {
        file: 'shared/raft/replication',
        find: 'index <= core.log.committed || !core.log.matches(index, core.term)',
        replace: 'index <= core.log.committed',
      },
    ],
  },
  {
    name: 'conflicts-not-truncated',
    story: 'a follower keeps its own entries where the leader sends others',
    patches: [
      {
        file: 'shared/raft/log',
        find: 'entries.findIndex(({ index, term }) => !this.matches(index, term))',
        replace: 'entries.findIndex(({ index }) => index > this.lastIndex)',
      },
    ],
  },
  {
    name: 'append-without-match',
    story: 'a follower appends without a look at the entry before',
    patches: [
      {
        file: 'shared/raft/log',
        find: 'if (!this.matches(prevLogIndex, prevLogTerm)) return undefined;',
        replace: 'if (prevLogIndex > this.lastIndex) return undefined;',
      },
    ],
  },
  {
    name: 'old-append-truncates',
    story: 'a late, short append cuts off what came after it',
    patches: [
      {
        file: 'shared/raft/log',
        find: 'if (fresh >= 0) this.append(fresh === 0 ? entries : entries.slice(fresh));',
        replace:
          'if (entries.length > 0 && entries[0].index > this.committed) this.append(entries);',
      },
    ],
  },
  {
    name: 'heartbeat-commits-unmatched',
    story: 'heartbeats carry the commit index to members that may hold other entries there',
    patches: [
      {
        file: 'shared/raft/heartbeat',
        find: 'Math.min(match, core.log.committed)',
        replace: 'core.log.committed',
      },
      {
        file: 'shared/raft/follower',
        find: 'core.log.commitTo(message.commit);',
        replace: 'core.log.commitTo(Math.min(message.commit, core.log.lastIndex));',
      },
    ],
  },
  {
    name: 'acknowledged-before-durable',
    story: 'a follower acknowledges entries while its disk still writes them',
    patches: [
      {
        file: 'shared/raft/outbox',
        find: "'append-response': () => true",
        replace: "'append-response': () => false",
      },
    ],
  },
  {
    name: 'vote-before-durable',
    story: 'a vote is given while the disk still writes it down',
    patches: [
      {
        file: 'shared/raft/outbox',
        find: "'vote-response': () => true",
        replace: "'vote-response': () => false",
      },
    ],
  },
  {
    name: 'read-index-without-quorum',
    story: 'a leader serves reads without asking whether it still leads',
    patches: [
      {
        file: 'shared/raft/reads',
        find: 'core.progress.get(id)?.readRound ?? 0',
        replace: 'Number.MAX_SAFE_INTEGER',
      },
    ],
  },
  {
    name: 'read-index-before-first-commit',
    story: 'a new leader serves reads before it knows what was committed (thesis, 6.4; etcd #8947)',
    patches: [
      {
        file: 'shared/raft/reads',
        find: 'core.reads.gathering && core.committedInTerm',
        replace: 'core.reads.gathering',
      },
    ],
  },
  {
    name: 'lost-probe-not-repeated',
    story: 'a lost probe is never repeated: the member is left behind for good',
    patches: [
      {
        file: 'shared/raft/leader',
        find: 'progress.probeSent = false;',
        replace: '',
      },
    ],
  },
  {
    name: 'heartbeats-ignore-newer-terms',
    story: 'a member in a newer term does not tell an old leader: with leases neither comes free',
    patches: [
      {
        file: 'shared/raft/step',
        find: "core.send(from, { type: 'append-response', ...answer });",
        replace: '',
      },
    ],
  },
  {
    name: 'replaced-write-counts',
    story: 'the write of entries that were replaced meanwhile makes the new ones durable (A, B, A)',
    patches: [
      {
        file: 'shared/raft/write-queue',
        find: 'write.stableIndex = Math.min(write.stableIndex, Math.max(index - 1, 0));',
        replace: '',
      },
    ],
  },
  {
    name: 'append-of-older-term',
    story: 'a follower takes entries from the leader of a term that is over',
    patches: [
      {
        file: 'shared/raft/step',
        find: 'if (message.term < core.term && !acceptOlderTerm(core, message)) return;',
        replace:
          "if (message.term < core.term && message.type !== 'append' && !acceptOlderTerm(core, message)) return;",
      },
    ],
  },
  {
    name: 'commit-before-match',
    story: 'a follower commits what it holds before it looks whether that is what the leader holds',
    patches: [
      {
        file: 'shared/raft/follower',
        find: 'const last = log.tryAppend(prevLogIndex, prevLogTerm, entries);',
        replace:
          'log.commitTo(Math.min(commit, log.lastIndex)); const last = log.tryAppend(prevLogIndex, prevLogTerm, entries);',
      },
    ],
  },
  {
    name: 'commit-without-followers',
    story: 'the leader answers as soon as its own disk has the entry',
    patches: [
      {
        file: 'shared/raft/replication',
        find: 'const index = quorumReached(core.conf, (id) => core.progress.get(id)?.match ?? 0);',
        replace: 'const index = core.log.durableIndex;',
      },
    ],
  },
  {
    name: 'leader-counts-unsynced-entries',
    story: 'the leader counts itself before its disk has the entry',
    patches: [
      {
        file: 'shared/raft/replication',
        find: 'self.acknowledge(core.log.durableIndex)',
        replace: 'self.acknowledge(core.log.lastIndex)',
      },
    ],
  },
  {
    name: 'pre-vote-against-living-leader',
    story: 'a member that hears its leader grants pre-votes: whoever was cut off deposes it',
    patches: [
      {
        file: 'shared/raft/step',
        find: 'if (!message.transfer && inLease(core)) {',
        replace: 'if (!message.transfer && !message.preVote && inLease(core)) {',
      },
      {
        file: 'shared/raft/election',
        find: '(preVote && term > core.term)',
        replace: 'preVote',
      },
    ],
  },
  {
    name: 'vote-against-living-leader',
    story: 'a member that hears its leader votes for another one',
    patches: [
      {
        file: 'shared/raft/step',
        find: 'if (!message.transfer && inLease(core)) {',
        replace: 'if (!message.transfer && message.preVote && inLease(core)) {',
      },
    ],
  },
  {
    name: 'read-confirmed-by-older-heartbeat',
    story: 'an answer to an older heartbeat confirms the newest reads',
    patches: [
      {
        file: 'shared/raft/leader',
        find: 'if (message.readContext > progress.readRound) { progress.readRound = message.readContext;',
        replace:
          'if (core.reads.waitingRound > progress.readRound) { progress.readRound = core.reads.waitingRound;',
      },
    ],
  },
  {
    name: 'stale-snapshot-installed',
    story: 'a snapshot that comes late takes back what was committed since',
    patches: [
      {
        file: 'shared/raft/install',
        find: 'if (index > log.committed) {',
        replace: 'if (index > 0) {',
      },
    ],
  },
];
