import type { Core } from './core.ts';
import { answerVoteRequest, campaign } from './election.ts';
import { type Handlers, ignore, type MessageOf } from './handlers.ts';
import { installSnapshot } from './install.ts';
import { type NodeId, noNode } from './types.ts';

/** The leader of this term was heard: no need for an election, nor for an early one. */
function heardLeader(core: Core, from: NodeId): void {
  core.leader = from;
  core.electionElapsed = 0;
  core.earlyPreVoteIn = undefined;
}

function handleAppend(core: Core, message: MessageOf<'append'>): void {
  const { from, prevLogIndex, prevLogTerm, entries, commit } = message;
  const { log } = core;
  heardLeader(core, from);
  const answer = {
    type: 'append-response',
    reject: false,
    rejectHint: 0,
    rejectHintTerm: 0,
  } as const;
  if (prevLogIndex < log.committed) {
    core.send(from, { ...answer, index: log.committed });
    return;
  }
  const last = log.tryAppend(prevLogIndex, prevLogTerm, entries);
  if (last === undefined) {
    const hint = log.lastIndexWithin(prevLogIndex, prevLogTerm);
    core.send(from, {
      type: 'append-response',
      index: prevLogIndex,
      reject: true,
      rejectHint: hint.index,
      rejectHintTerm: hint.term,
    });
    return;
  }
  // Entries after `last` may still differ from the leader's.
  log.commitTo(Math.min(commit, last));
  core.send(from, { ...answer, index: last });
}

function handleHeartbeat(core: Core, message: MessageOf<'heartbeat'>): void {
  heardLeader(core, message.from);
  core.log.commitTo(message.commit);
  core.send(message.from, { type: 'heartbeat-response', readContext: message.readContext });
}

function handleSnapshot(core: Core, message: MessageOf<'snapshot'>): void {
  heardLeader(core, message.from);
  installSnapshot(core, message.from, message.snapshot);
}

function handleTransferRequest(core: Core, message: MessageOf<'transfer-leader'>): void {
  if (core.leader === noNode || core.leader === message.from) return;
  core.send(core.leader, { type: 'transfer-leader', target: message.target });
}

export const follower: Handlers = {
  append: handleAppend,
  'append-response': ignore,
  heartbeat: handleHeartbeat,
  'heartbeat-response': ignore,
  vote: answerVoteRequest,
  'vote-response': ignore,
  snapshot: handleSnapshot,
  // Never sent on a second time: see the type.
  propose: ignore,
  'read-index': ignore,
  'read-index-response': (core, { context, index }) => core.outbox.readState({ context, index }),
  'transfer-leader': handleTransferRequest,
  'timeout-now': (core) => campaign(core, 'transfer'),
};
