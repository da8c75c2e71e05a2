import { candidate } from './candidate.ts';
import type { Core } from './core.ts';
import { inLease, refuseVote } from './election.ts';
import { follower } from './follower.ts';
import type { Handlers, MessageOf } from './handlers.ts';
import { leader } from './leader.ts';
import { becomeFollower } from './roles.ts';
import { type Message, noNode, type Role } from './types.ts';
import { isWellFormed } from './well-formed.ts';

const handlers: { readonly [R in Role]: Handlers } = {
  follower,
  'pre-candidate': candidate,
  candidate,
  leader,
};

/** A message of another member: first the rules about terms, then the role's own. */
export function step(core: Core, message: Message): void {
  if (message.to !== core.id || message.from === core.id || !isWellFormed(message)) return;
  if (message.term > core.term && !acceptNewerTerm(core, message)) return;
  if (message.term < core.term && !acceptOlderTerm(core, message)) return;
  dispatch(handlers[core.role], core, message);
}

function dispatch(table: Handlers, core: Core, message: Message): void {
  // The table pairs each type with the handler of that type, which TypeScript cannot follow here.
  (table[message.type] as (core: Core, message: Message) => void)(core, message);
}

/** Figure 3.1: a newer term makes a follower of anybody. Except for votes asked for out of turn. */
function acceptNewerTerm(core: Core, message: Message): boolean {
  if (message.type === 'vote') {
    if (!message.transfer && inLease(core)) {
      refuseInLease(core, message);
      return false;
    }
    // It is our term that a pre-vote leaves alone.
    if (message.preVote) return true;
  }
  // Granted for a term that does not exist yet.
  if (message.type === 'vote-response' && message.preVote && !message.reject) return true;
  const fromLeader =
    message.type === 'append' || message.type === 'heartbeat' || message.type === 'snapshot';
  becomeFollower(core, message.term, fromLeader ? message.from : noNode);
  return true;
}

/** A real vote is not even answered; a pre-vote is told, so that it need not wait for a timeout. */
function refuseInLease(core: Core, message: MessageOf<'vote'>): void {
  if (!message.preVote) return;
  refuseVote(core, message);
}

function acceptOlderTerm(core: Core, message: Message): boolean {
  // Reads are right in any term: the answer names an index, and only a leader gives one.
  if (message.type === 'read-index' || message.type === 'read-index-response') return true;
  const { from, type } = message;
  if (type === 'append' || type === 'heartbeat' || type === 'snapshot') {
    // An old leader, or a member stuck in a newer term than its leader's: with leases nobody would
    // vote it free, so the leader must learn of the newer term and stand down.
    const answer = { index: 0, reject: false, rejectHint: 0, rejectHintTerm: 0 };
    core.send(from, { type: 'append-response', ...answer });
  } else if (type === 'vote' && message.preVote) {
    refuseVote(core, message);
  }
  return false;
}
