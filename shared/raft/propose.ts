import { assert } from '#shared/base';
import { allMembers, changeConf, isJoint, leavesJoint } from './conf-change.ts';
import { tryDecodeConfChange } from './conf-change-codec.ts';
import type { Core } from './core.ts';
import { appendToLog } from './replication.ts';
import { type Entry, noNode } from './types.ts';

/**
 * Everything but `accepted` means: not in any log and never will be. `accepted` is no promise of
 * commitment; see the `propose` message for when a lost proposal may be proposed again.
 */
export type ProposeResult =
  | 'accepted'
  | 'no-leader'
  | 'transferring'
  | 'too-much-uncommitted'
  /** This member is in no configuration, or was removed. */
  | 'not-member'
  /** An earlier membership change is not applied yet, or the joint configuration must be left first. */
  | 'conf-change-pending'
  /** The change makes no sense for the present configuration, such as removing the last voter. */
  | 'conf-change-invalid';

type Proposal = Pick<Entry, 'type' | 'data'>;

/** A proposal of this host: appended by the leader, sent on by anybody else. */
export function propose(core: Core, proposal: Proposal): ProposeResult {
  if (core.role === 'leader') return proposeAsLeader(core, proposal);
  if (core.leader === noNode) {
    const { conf, id } = core;
    return conf.voters.length > 0 && !allMembers(conf).includes(id) ? 'not-member' : 'no-leader';
  }
  core.outbox.forward(core.id, core.leader, core.term, proposal, core.config.maxMessageBytes);
  return 'accepted';
}

/** Leader: also for forwarded proposals, whose refusal nobody hears of. */
export function proposeAsLeader(core: Core, proposal: Proposal): ProposeResult {
  assert(core.role === 'leader', 'only a leader takes proposals');
  if (!core.progress.has(core.id)) return 'not-member';
  if (core.transferTarget !== noNode) return 'transferring';
  if (proposal.type === 'conf-change') {
    const refusal = confChangeRefusal(core, proposal.data);
    if (refusal !== undefined) return refusal;
  }
  if (!core.uncommitted.allows(proposal.data.length)) return 'too-much-uncommitted';
  appendToLog(core, [proposal]);
  if (proposal.type === 'conf-change') core.pendingConfIndex = core.log.lastIndex;
  return 'accepted';
}

function confChangeRefusal(core: Core, data: Uint8Array): ProposeResult | undefined {
  const change = tryDecodeConfChange(data);
  if (change === undefined) return 'conf-change-invalid';
  // One at a time, until applied: two unapplied changes could part the majorities.
  if (core.pendingConfIndex > core.log.applied) return 'conf-change-pending';
  if (isJoint(core.conf) && !leavesJoint(change)) return 'conf-change-pending';
  return changeConf(core.conf, change).ok ? undefined : 'conf-change-invalid';
}
