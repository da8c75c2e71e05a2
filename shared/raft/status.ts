import { isVoter } from './conf-change.ts';
import type { Core } from './core.ts';
import type { Progress, ProgressState } from './progress.ts';
import type { ConfState, NodeId, Role } from './types.ts';

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

export function statusOf(core: Core): RaftStatus {
  return {
    id: core.id,
    term: core.term,
    vote: core.vote,
    commit: core.log.committed,
    applied: core.log.applied,
    lastIndex: core.log.lastIndex,
    role: core.role,
    leader: core.leader,
    transferTarget: core.transferTarget,
    confState: core.conf,
    progress: [...core.progress.values()].map((progress) => progressStatus(core, progress)),
  };
}

function progressStatus(core: Core, progress: Progress): ProgressStatus {
  const { id, state, match, next, recentActive, paused } = progress;
  const learner = !isVoter(core.conf, id);
  const inflight = progress.inflights.count;
  return { id, learner, state, match, next, recentActive, inflight, paused };
}
