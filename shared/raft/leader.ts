import { AssertionError } from '#shared/base';
import type { Core } from './core.ts';
import { answerVoteRequest } from './election.ts';
import { type Handlers, ignore, type MessageOf } from './handlers.ts';
import type { Progress } from './progress.ts';
import { proposeAsLeader } from './propose.ts';
import { answerReads } from './reads.ts';
import { acknowledge, backtrack } from './replication.ts';
import { finishTransfer, transferLeadership } from './transfer.ts';
import type { Message } from './types.ts';

function secondLeader(core: Core, message: Message): never {
  throw new AssertionError(`${message.from} and ${core.id} both lead term ${core.term}`);
}

/** The sender's progress; undefined for members that were removed. */
function heardMember(core: Core, message: Message): Progress | undefined {
  const progress = core.progress.get(message.from);
  if (progress !== undefined) progress.recentActive = true;
  return progress;
}

function handleAppendResponse(core: Core, message: MessageOf<'append-response'>): void {
  const progress = heardMember(core, message);
  if (progress === undefined || message.index > core.log.lastIndex) return;
  if (message.reject) {
    const hint = { index: message.rejectHint, term: message.rejectHintTerm };
    backtrack(core, progress, message.index, hint);
  } else if (acknowledge(core, progress, message.index)) {
    finishTransfer(core, progress);
  }
}

function handleHeartbeatResponse(core: Core, message: MessageOf<'heartbeat-response'>): void {
  const progress = heardMember(core, message);
  if (progress === undefined) return;
  // It lives, so what was waiting for an answer is probably lost.
  progress.probeSent = false;
  progress.probeDue = progress.state === 'replicate' && progress.match < core.log.lastIndex;
  if (message.readContext > progress.readRound) {
    progress.readRound = message.readContext;
    answerReads(core);
  }
}

function handlePropose(core: Core, message: MessageOf<'propose'>): void {
  for (const entry of message.entries) proposeAsLeader(core, entry);
  const progress = core.progress.get(message.from);
  if (progress !== undefined) progress.proposed = core.log.lastIndex;
}

export const leader: Handlers = {
  append: secondLeader,
  'append-response': handleAppendResponse,
  heartbeat: secondLeader,
  'heartbeat-response': handleHeartbeatResponse,
  vote: answerVoteRequest,
  'vote-response': ignore,
  snapshot: secondLeader,
  propose: handlePropose,
  'read-index': (core, { from, context }) => core.reads.add({ from, context }),
  'read-index-response': (core, { context, index }) => core.outbox.readState({ context, index }),
  'transfer-leader': (core, { target }) => {
    transferLeadership(core, target);
  },
  'timeout-now': ignore,
};
