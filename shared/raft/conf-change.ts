import type { ConfChange, ConfChangeSingle, ConfState, NodeId } from './types.ts';

export type ConfChangeResult =
  | { readonly ok: true; readonly conf: ConfState }
  | { readonly ok: false; readonly problem: string };

const refused = (problem: string): ConfChangeResult => ({ ok: false, problem });
const sorted = (ids: ReadonlySet<NodeId>): NodeId[] => [...ids].sort((a, b) => a - b);

export function isJoint(conf: ConfState): boolean {
  return conf.votersOutgoing.length > 0;
}

/** An empty list of changes asks to leave the joint configuration. */
export function leavesJoint(change: ConfChange): boolean {
  return change.changes.length === 0;
}

export function isVoter(conf: ConfState, id: NodeId): boolean {
  return conf.voters.includes(id) || conf.votersOutgoing.includes(id);
}

/** Voters of either majority, by id. */
export function allVoters(conf: ConfState): NodeId[] {
  return sorted(new Set([...conf.voters, ...conf.votersOutgoing]));
}

/** Everybody the leader sends to, by id. */
export function allMembers(conf: ConfState): NodeId[] {
  return sorted(new Set([...allVoters(conf), ...conf.learners, ...conf.learnersNext]));
}

/** Whether a snapshot's configuration can be one of ours at all. */
export function isWellFormed(conf: ConfState): boolean {
  const learners = new Set(conf.learners);
  return conf.voters.length > 0 && !allVoters(conf).some((id) => learners.has(id));
}

/** The configuration after `change` (thesis, chapter 4), or why it is not allowed. */
export function changeConf(conf: ConfState, change: ConfChange): ConfChangeResult {
  if (leavesJoint(change)) return leaveJoint(conf);
  if (isJoint(conf)) return refused('the joint configuration must be left first');
  const mode = change.joint ?? 'auto';
  return mode !== 'auto' || change.changes.length > 1
    ? enterJoint(conf, change.changes, mode !== 'explicit')
    : changeOne(conf, change.changes);
}

function leaveJoint(conf: ConfState): ConfChangeResult {
  if (!isJoint(conf)) return refused('there is no joint configuration to leave');
  const learners = sorted(new Set([...conf.learners, ...conf.learnersNext]));
  const left = { voters: conf.voters, learners, votersOutgoing: [], learnersNext: [] };
  return { ok: true, conf: { ...left, autoLeave: false } };
}

function changeOne(conf: ConfState, changes: readonly ConfChangeSingle[]): ConfChangeResult {
  const result = applyAll(conf, changes);
  if (result.ok) {
    const added = result.conf.voters.filter((id) => !conf.voters.includes(id)).length;
    const removed = conf.voters.filter((id) => !result.conf.voters.includes(id)).length;
    if (added + removed > 1) return refused('more than one voter changes without a joint phase');
  }
  return result;
}

function enterJoint(
  conf: ConfState,
  changes: readonly ConfChangeSingle[],
  autoLeave: boolean,
): ConfChangeResult {
  if (conf.voters.length === 0) return refused('an empty configuration cannot become joint');
  return applyAll({ ...conf, votersOutgoing: conf.voters, autoLeave }, changes);
}

function applyAll(conf: ConfState, changes: readonly ConfChangeSingle[]): ConfChangeResult {
  const voters = new Set(conf.voters);
  const learners = new Set(conf.learners);
  const learnersNext = new Set(conf.learnersNext);
  const outgoing = new Set(conf.votersOutgoing);
  for (const { type, nodeId } of changes) {
    for (const set of [voters, learners, learnersNext]) set.delete(nodeId);
    if (type === 'add-voter') voters.add(nodeId);
    if (type !== 'add-learner') continue;
    // A member must not be voter and learner at once: it waits until the joint phase is over.
    if (outgoing.has(nodeId)) learnersNext.add(nodeId);
    else learners.add(nodeId);
  }
  if (voters.size === 0) return refused('no voter would be left');
  return {
    ok: true,
    conf: {
      voters: sorted(voters),
      learners: sorted(learners),
      votersOutgoing: conf.votersOutgoing,
      learnersNext: sorted(learnersNext),
      autoLeave: conf.autoLeave,
    },
  };
}

/** `voters=1,2,3 learners=4`, empty parts left out. */
export function describeConf(conf: ConfState): string {
  const parts = [`voters=${conf.voters.join(',')}`];
  if (isJoint(conf)) parts.push(`outgoing=${conf.votersOutgoing.join(',')}`);
  if (conf.learners.length > 0) parts.push(`learners=${conf.learners.join(',')}`);
  if (conf.learnersNext.length > 0) parts.push(`learners-next=${conf.learnersNext.join(',')}`);
  if (conf.autoLeave) parts.push('auto-leave');
  return parts.join(' ');
}
