import type { Rng } from '#shared/base';
import type { LogReader, NodeId } from './types.ts';

/** What one member is started with. Times are in ticks, sizes in bytes of entry data. */
export interface RaftConfig {
  readonly id: NodeId;
  readonly storage: LogReader;
  /** Index the state machine has applied durably; entries up to it are not handed out again. */
  readonly applied: number;
  /** The election timeout is drawn uniformly from [electionTicks, 2 * electionTicks - 1]. */
  readonly electionTicks: number;
  /** Shorter than `electionTicks`; a tenth of it is usual. */
  readonly heartbeatTicks: number;
  readonly rng: Rng;
  /** Bound on the entries of one append message and of one turn's `committed` (at least one entry). */
  readonly maxMessageBytes: number;
  /** Append messages on the way to one follower before the leader waits for an answer. */
  readonly maxInflightMessages: number;
  /** Proposals are refused while this much of the leader's log is uncommitted. */
  readonly maxUncommittedBytes: number;
  /** Ask before raising the term, so that a rejoining member disrupts nobody (thesis, 9.6). */
  readonly preVote: boolean;
  /** A leader that hears no quorum for an election timeout steps down; leases stickiness (6.2). */
  readonly checkQuorum: boolean;
  /**
   * A commit index that moved is told with the next entries or heartbeat, or when the host says so
   * (`Raft.announceCommit`); else at once, in a message of its own where nothing else is to be sent.
   * Who sent a proposal on is told of its commit at once in any case, and so is everybody of a
   * membership change's.
   */
  readonly lazyCommit?: boolean;
  /** Ticks between the ranks of an early pre-vote, see `Raft.peerDisconnected`. Default 1. */
  readonly earlyPreVoteTicks?: number;
}
