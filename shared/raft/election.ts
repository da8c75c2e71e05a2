import { assert, must } from '#shared/base';
import { allVoters } from './conf-change.ts';
import type { Core } from './core.ts';
import type { MessageOf } from './handlers.ts';
import { quorumVote } from './quorum.ts';
import { appendToLog } from './replication.ts';
import { becomeCandidate, becomeFollower, becomePreCandidate } from './roles.ts';
import { type Entry, noNode } from './types.ts';

/** Stand for election, by a pre-vote first where that is configured and nobody is being replaced. */
export function campaign(core: Core, mode: 'normal' | 'transfer'): void {
  if (core.role === 'leader' || !core.promotable || hasUnappliedConfChange(core)) return;
  const preVote = core.config.preVote && mode === 'normal';
  if (preVote) becomePreCandidate(core);
  else becomeCandidate(core);
  requestVotes(core, preVote, mode === 'transfer');
}

/**
 * A committed membership change that is not applied yet means that our configuration is two steps
 * behind the leader's at worst, and two steps apart majorities need not overlap.
 */
function hasUnappliedConfChange(core: Core): boolean {
  const { log, config } = core;
  let next = log.applied + 1;
  while (next <= log.committed) {
    const page: readonly Entry[] = log.slice(next, log.committed + 1, config.maxMessageBytes);
    assert(page.length > 0, 'committed entries can be read');
    if (page.some(({ type }) => type === 'conf-change')) return true;
    next += page.length;
  }
  return false;
}

function requestVotes(core: Core, preVote: boolean, transfer: boolean): void {
  const term = preVote ? core.term + 1 : core.term;
  const { lastIndex: lastLogIndex, lastTerm: lastLogTerm } = core.log;
  for (const id of allVoters(core.conf)) {
    if (id === core.id) continue;
    core.send(id, { type: 'vote', preVote, lastLogIndex, lastLogTerm, transfer }, term);
  }
  // A real vote for oneself counts once it is durable, see `ownVoteDurable`.
  if (preVote) countVote(core, core.id, true);
}

/** The write that holds our vote for ourselves in `term` is durable. */
export function ownVoteDurable(core: Core, term: number): void {
  assert(term <= core.term, 'a vote is given in a term that was reached');
  if (core.role === 'candidate' && core.term === term) countVote(core, core.id, true);
}

export function countVote(core: Core, from: number, granted: boolean): void {
  assert(core.role === 'candidate' || core.role === 'pre-candidate', 'nobody asked for votes');
  if (!core.votes.has(from)) core.votes.set(from, granted);
  const result = quorumVote(core.conf, (id) => core.votes.get(id));
  if (result === 'lost') {
    becomeFollower(core, core.term, noNode);
  } else if (result === 'won' && core.role === 'candidate') {
    becomeLeader(core);
  } else if (result === 'won') {
    becomeCandidate(core);
    requestVotes(core, false, false);
  }
}

function becomeLeader(core: Core): void {
  assert(core.role === 'candidate', 'a leader is elected');
  assert(core.vote === core.id, 'a leader has voted for itself');
  core.reset(core.term);
  core.role = 'leader';
  core.leader = core.id;
  core.syncProgress();
  // Nobody was heard yet as a leader; whoever is not, until the first check, does not count.
  for (const progress of core.progress.values()) progress.recentActive = progress.id === core.id;
  // The log may end in a membership change that nobody here has applied: wait for all of it.
  core.pendingConfIndex = core.log.lastIndex;
  appendToLog(core, [{ type: 'normal', data: new Uint8Array() }]);
}

/** Whether this member answers to a leader that it heard of lately (thesis, 4.2.3). */
export function inLease(core: Core): boolean {
  if (!core.config.checkQuorum || core.leader === noNode) return false;
  return core.role === 'leader' || core.electionElapsed < core.config.electionTicks;
}

export function refuseVote(core: Core, request: MessageOf<'vote'>): void {
  sendVote(core, request, true, core.term);
}

function sendVote(core: Core, request: MessageOf<'vote'>, reject: boolean, term: number): void {
  const { from, preVote } = request;
  const commit = core.log.committed;
  const commitTerm = must(core.log.term(commit), 'the term of a committed entry is known');
  core.send(from, { type: 'vote-response', preVote, reject, commit, commitTerm }, term);
}

/**
 * (Pre-)candidate: an answer tells what is committed. Members that left their configuration may be
 * the only ones to know that it was left: they will not stand, and with a longer log not vote for
 * those that still count on them. False where we have to wait for a membership change now.
 */
export function learnCommit(core: Core, message: MessageOf<'vote-response'>): boolean {
  assert(core.role === 'candidate' || core.role === 'pre-candidate', 'nobody asked');
  const { commit, commitTerm } = message;
  if (!core.log.matches(commit, commitTerm)) return true;
  core.log.commitTo(commit);
  if (!hasUnappliedConfChange(core)) return true;
  becomeFollower(core, core.term, noNode);
  return false;
}

/**
 * Any role, at the terms' proper order. A learner answers too: it may have been promoted and not
 * know it yet; who asks counts only voters.
 */
export function answerVoteRequest(core: Core, message: MessageOf<'vote'>): void {
  const { from, term, preVote } = message;
  assert(term >= core.term, 'stale requests are answered elsewhere');
  const free = core.vote === noNode && core.leader === noNode;
  const mayVote = core.vote === from || free || (preVote && term > core.term);
  const granted = mayVote && core.log.isUpToDate(message.lastLogIndex, message.lastLogTerm);
  if (!granted) {
    refuseVote(core, message);
    return;
  }
  sendVote(core, message, false, term);
  if (preVote) return;
  core.vote = from;
  core.electionElapsed = 0;
  core.earlyPreVoteIn = undefined;
}
