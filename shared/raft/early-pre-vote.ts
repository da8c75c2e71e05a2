import { assert } from '#shared/base';
import { allVoters, isVoter } from './conf-change.ts';
import type { Core } from './core.ts';
import { campaign } from './election.ts';
import { type NodeId, noNode } from './types.ts';

/** Early elections that come to nothing before the election timeout decides after all. */
const attemptsMax = 5;

// When a leader's process dies its connections drop at once, long before the election timeout. A
// follower takes that as a hint: it no longer keeps others from being elected, and asks for
// pre-votes itself, in ranked order so that votes do not split. A hint only: where the leader lives,
// the followers that still hear it refuse, and no term has been disturbed.

/** The connection to `id` dropped. */
export function leaderDisconnected(core: Core, id: NodeId): void {
  if (core.role !== 'follower' || core.leader !== id || id === noNode) return;
  // Without a lease everybody would grant the pre-vote, and a living leader would be deposed.
  if (!core.config.preVote || !core.config.checkQuorum) return;
  core.leader = noNode;
  core.earlyAttempts = 0;
  plan(core, rankOf(core, id));
}

/** The leader is no voter any more, and steps down when it has applied that. */
export function leaderRemoved(core: Core): void {
  assert(core.role === 'follower' && core.leader !== noNode, 'a follower loses its leader');
  if (!core.config.preVote || !core.config.checkQuorum) return;
  core.leader = noNode;
  core.earlyAttempts = 0;
  // Not before this very change is applied here.
  plan(core, 1 + rankOf(core, noNode));
}

/**
 * An early election is under way, or was lost. Others may have noticed later than we did, answers may
 * be lost, or somebody else stands too and the votes split: unless it is decided by then, ask again,
 * everybody at another time, instead of waiting out a timeout.
 */
export function planNextEarlyPreVote(core: Core): void {
  assert(core.leader === noNode, 'whoever knows a leader does not ask');
  if (core.earlyAttempts >= attemptsMax) return;
  plan(core, allVoters(core.conf).length + rankOf(core, noNode));
}

function rankOf(core: Core, lost: NodeId): number {
  return allVoters(core.conf)
    .filter((id) => id !== lost)
    .indexOf(core.id);
}

function plan(core: Core, turn: number): void {
  if (!isVoter(core.conf, core.id)) return;
  core.earlyPreVoteIn = turn * (core.config.earlyPreVoteTicks ?? 1);
  if (core.earlyPreVoteIn === 0) startEarlyPreVote(core);
}

function startEarlyPreVote(core: Core): void {
  core.earlyPreVoteIn = undefined;
  core.earlyAttempts += 1;
  campaign(core, 'normal');
  if (core.role === 'pre-candidate' || core.role === 'candidate') planNextEarlyPreVote(core);
}

export function tickEarlyPreVote(core: Core): void {
  if (core.earlyPreVoteIn === undefined) return;
  assert(core.role !== 'leader', 'a leader has nobody to ask');
  core.earlyPreVoteIn -= 1;
  if (core.earlyPreVoteIn <= 0) startEarlyPreVote(core);
}
