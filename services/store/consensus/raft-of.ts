import { Raft } from '#shared/raft';
import type { NodeOptions } from './node-options.ts';

/** Between two members that noticed the leader's death at once: longer than an election takes. */
const earlyRankMs = 60;

/** The consensus core, as this host wants it. */
export function raftOf(options: NodeOptions): Raft {
  const { id, storage, timing, rng, maxMessageBytes, maxUncommittedBytes } = options;
  return new Raft({
    id,
    storage: storage.log,
    applied: storage.backend.applied.index,
    electionTicks: Math.max(2, Math.round(timing.electionMs / timing.tickMs)),
    heartbeatTicks: Math.max(1, Math.round(timing.heartbeatMs / timing.tickMs)),
    rng,
    maxMessageBytes: maxMessageBytes ?? 512 << 10,
    maxInflightMessages: 256,
    maxUncommittedBytes: maxUncommittedBytes ?? 64 << 20,
    preVote: true,
    checkQuorum: true,
    earlyPreVoteTicks: Math.max(1, Math.round(earlyRankMs / timing.tickMs)),
    lazyCommit: true,
  });
}
