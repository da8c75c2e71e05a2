import { assert } from '#shared/base';
import type { Core } from './core.ts';
import { tickEarlyPreVote } from './early-pre-vote.ts';
import { campaign } from './election.ts';
import { sendHeartbeats } from './heartbeat.ts';
import { quorumVote } from './quorum.ts';
import { becomeFollower } from './roles.ts';
import { tickTransfer } from './transfer.ts';
import { noNode } from './types.ts';

export function tick(core: Core): void {
  if (core.role === 'leader') tickLeader(core);
  else tickElection(core);
}

function tickElection(core: Core): void {
  core.electionElapsed += 1;
  tickEarlyPreVote(core);
  if (core.electionElapsed < core.electionTimeout || !core.promotable) return;
  // Where it cannot stand yet, the leader's lease has ended nevertheless.
  campaign(core, 'normal');
}

function tickLeader(core: Core): void {
  core.electionElapsed += 1;
  core.heartbeatElapsed += 1;
  tickTransfer(core);
  if (core.electionElapsed >= core.config.electionTicks) {
    core.electionElapsed = 0;
    if (core.config.checkQuorum && !quorumIsActive(core)) {
      becomeFollower(core, core.term, noNode);
      return;
    }
  }
  if (core.heartbeatElapsed < core.config.heartbeatTicks) return;
  core.heartbeatElapsed = 0;
  sendHeartbeats(core);
}

/** Whether a quorum was heard since the last check; starts the next period (thesis, 6.2). */
function quorumIsActive(core: Core): boolean {
  assert(core.role === 'leader', 'only a leader depends on being heard');
  const active = quorumVote(
    core.conf,
    (id) => id === core.id || core.progress.get(id)?.recentActive === true,
  );
  for (const progress of core.progress.values()) progress.recentActive = progress.id === core.id;
  return active === 'won';
}
