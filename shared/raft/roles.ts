import { assert } from '#shared/base';
import type { Core } from './core.ts';
import { type NodeId, noNode } from './types.ts';

export function becomeFollower(core: Core, term: number, leader: NodeId): void {
  assert(leader !== core.id, 'a follower follows somebody else');
  core.reset(term);
  core.role = 'follower';
  core.leader = leader;
}

/** Asking changes neither term nor vote: that is the point of a pre-vote (thesis, 9.6). */
export function becomePreCandidate(core: Core): void {
  assert(core.role !== 'leader', 'a leader has no need to ask');
  core.role = 'pre-candidate';
  core.leader = noNode;
  core.votes.clear();
  core.resetTimers();
}

export function becomeCandidate(core: Core): void {
  assert(core.role !== 'leader', 'a leader stands down before it stands again');
  assert(core.promotable, 'only a voter stands for election');
  core.reset(core.term + 1);
  core.role = 'candidate';
  core.vote = core.id;
}
