import { assertNever } from '#shared/base';
import type { RaftStatus } from '#shared/raft';
import type { MemberChange } from '../wire/command.ts';
import type { Member } from './member.ts';
import { membershipErrors } from './membership-errors.ts';
import type { MemberTable } from './table.ts';

/** What the leader judges a membership change by. */
export interface ReconfigurationView {
  readonly table: MemberTable;
  readonly raft: RaftStatus;
  /** For how long messages have been getting through to this member, in ms; undefined: they do not. */
  readonly connectedForMs: (id: number) => number | undefined;
  readonly maxLearners: number;
  /** etcd's --strict-reconfig-check. */
  readonly strict: boolean;
}

/** etcd's: whoever has been reached for this long counts as healthy. */
const healthyMs = 5000;
/** Of the leader's log, before a learner may be promoted. */
const caughtUp = 0.9;

/** Throws where etcd would refuse the change: it is impossible, or a quorum would be at risk. */
export function checkMemberChange(change: MemberChange, view: ReconfigurationView): void {
  switch (change.type) {
    case 'add-member':
      checkAdd(change.member, view);
      return;
    case 'remove-member':
      checkRemove(change.id, view);
      return;
    case 'promote-member':
      checkPromote(change.id, view);
      return;
    default:
      assertNever(change, 'change');
  }
}

function checkAdd(member: Member, view: ReconfigurationView): void {
  const { table, strict, maxLearners } = view;
  // Before all else: who asks again because the answer was lost, is told.
  if (table.members.has(member.id) || table.removed.has(member.id)) {
    throw membershipErrors.idExists();
  }
  if (strict) {
    if (!member.learner && !readyToAddVoter(votersOf(table))) {
      throw membershipErrors.notEnoughStarted();
    }
    const voters = votersOf(table);
    if (healthyOf(voters, view) < voters.length) throw membershipErrors.unhealthy();
  }
  table.refuseTakenUrls(member.peerUrls);
  const learners = [...table.members.values()].filter(({ learner }) => learner);
  if (member.learner && learners.length >= maxLearners) throw membershipErrors.tooManyLearners();
}

/** A member alone may always get a second one, although that one cannot be there yet. */
function readyToAddVoter(voters: readonly Member[]): boolean {
  const started = voters.filter(isStarted).length;
  if (started === 1 && voters.length === 1) return true;
  return started >= quorum(voters.length + 1);
}

function checkRemove(id: number, view: ReconfigurationView): void {
  const { table, strict, raft } = view;
  const member = table.members.get(id);
  if (!member) throw membershipErrors.notFound();
  if (member.learner) return;
  const voters = votersOf(table);
  const rest = voters.filter((other) => other.id !== id);
  // The last one can never go, strict or not: nobody would be left to say so.
  if (rest.length === 0) throw membershipErrors.notEnoughStarted();
  if (!strict) return;
  if (rest.filter(isStarted).length < quorum(rest.length)) {
    throw membershipErrors.notEnoughStarted();
  }
  // One that is down is no part of the active quorum.
  if (id !== raft.id && view.connectedForMs(id) === undefined) return;
  if (healthyOf(voters, view) - 1 < quorum(rest.length)) throw membershipErrors.unhealthy();
}

function checkPromote(id: number, view: ReconfigurationView): void {
  const { table, strict, raft } = view;
  const member = table.members.get(id);
  if (!member) throw membershipErrors.notFound();
  const match = raft.progress.find((progress) => progress.id === id)?.match ?? 0;
  const own = raft.progress.find((progress) => progress.id === raft.id)?.match ?? 0;
  if (match < own * caughtUp) throw membershipErrors.learnerNotReady();
  const voters = votersOf(table);
  if (strict && 1 + voters.filter(isStarted).length < quorum(1 + voters.length)) {
    throw membershipErrors.notEnoughStarted();
  }
  if (!member.learner) throw membershipErrors.notLearner();
}

const votersOf = (table: MemberTable): Member[] =>
  [...table.members.values()].filter(({ learner }) => !learner);
const isStarted = ({ name }: Member): boolean => name !== '';
const quorum = (size: number): number => Math.floor(size / 2) + 1;

function healthyOf(voters: readonly Member[], view: ReconfigurationView): number {
  return voters.filter(
    ({ id }) => id === view.raft.id || (view.connectedForMs(id) ?? 0) >= healthyMs,
  ).length;
}
