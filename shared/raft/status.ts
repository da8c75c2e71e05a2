import type { ConfState, NodeId, Role } from './types.ts';

/** How the leader sends to one member: one message at a time, pipelined, or waiting for a snapshot. */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/** The leader's view of one member. */
export interface ProgressStatus {
  readonly id: NodeId;
  readonly learner: boolean;
  readonly state: ProgressState;
  /** Highest index known to be durable there. */
  readonly match: number;
  /** First index of the next append message. */
  readonly next: number;
  /** Heard from in the current election timeout. */
  readonly recentActive: boolean;
  /** Append messages on the way. */
  readonly inflight: number;
  readonly paused: boolean;
}

/** For people and for metrics; nothing in it is needed to run raft. */
export interface RaftStatus {
  readonly id: NodeId;
  readonly term: number;
  readonly vote: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly role: Role;
  readonly leader: NodeId;
  /** Target of a leader transfer under way, or `noNode`. */
  readonly transferTarget: NodeId;
  readonly confState: ConfState;
  /** By id; empty unless this member is the leader. */
  readonly progress: readonly ProgressStatus[];
}
