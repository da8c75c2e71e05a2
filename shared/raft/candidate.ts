import type { Core } from './core.ts';
import { planNextEarlyPreVote } from './early-pre-vote.ts';
import { answerVoteRequest, countVote, learnCommit } from './election.ts';
import { follower } from './follower.ts';
import { type Handlers, ignore, type MessageOf } from './handlers.ts';
import { becomeFollower } from './roles.ts';
import type { Message } from './types.ts';

/** Somebody was elected in this term: what the leader sends is for a follower. */
function yieldTo<M extends Message>(
  handle: (core: Core, message: M) => void,
): (core: Core, message: M) => void {
  return (core, message) => {
    becomeFollower(core, core.term, message.from);
    handle(core, message);
  };
}

function handleVoteResponse(core: Core, message: MessageOf<'vote-response'>): void {
  const preCandidate = core.role === 'pre-candidate';
  if (message.preVote !== preCandidate) return;
  // A pre-vote is granted in the term that would begin: anything else answers an earlier question.
  if (preCandidate && !message.reject && message.term !== core.term + 1) return;
  if (!learnCommit(core, message)) return;
  const early = core.earlyPreVoteIn !== undefined;
  countVote(core, message.from, !message.reject);
  const decided = core.role === 'leader' || core.earlyPreVoteIn !== undefined;
  if (early && !decided) planNextEarlyPreVote(core);
}

/** For candidates and pre-candidates. */
export const candidate: Handlers = {
  append: yieldTo(follower.append),
  'append-response': ignore,
  heartbeat: yieldTo(follower.heartbeat),
  'heartbeat-response': ignore,
  vote: answerVoteRequest,
  'vote-response': handleVoteResponse,
  snapshot: yieldTo(follower.snapshot),
  propose: ignore,
  'read-index': ignore,
  'read-index-response': follower['read-index-response'],
  'transfer-leader': ignore,
  'timeout-now': ignore,
};
