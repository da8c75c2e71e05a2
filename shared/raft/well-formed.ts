import { isWellFormed as isWellFormedConf } from './conf-change.ts';
import type { Message, MessageType } from './types.ts';

type Check = (message: Message) => boolean;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const always: Check = () => true;

/** Entries follow each other from `prevLogIndex` on, in terms that never fall. */
function isAppend(message: Message): boolean {
  if (message.type !== 'append') return false;
  const { prevLogIndex, prevLogTerm, entries, commit } = message;
  if (!isCount(prevLogIndex) || !isCount(prevLogTerm) || !isCount(commit)) return false;
  let index = prevLogIndex;
  let term = prevLogTerm;
  for (const entry of entries) {
    index += 1;
    if (entry.index !== index || !(entry.term >= term)) return false;
    term = entry.term;
  }
  return term <= message.term;
}

const checks: { readonly [T in MessageType]: Check } = {
  append: isAppend,
  'append-response': (message) =>
    message.type === 'append-response' &&
    [message.index, message.rejectHint, message.rejectHintTerm].every(isCount),
  heartbeat: (message) =>
    message.type === 'heartbeat' && isCount(message.commit) && isCount(message.readContext),
  'heartbeat-response': (message) =>
    message.type === 'heartbeat-response' && isCount(message.readContext),
  vote: (message) =>
    message.type === 'vote' && isCount(message.lastLogIndex) && isCount(message.lastLogTerm),
  'vote-response': (message) =>
    message.type === 'vote-response' && isCount(message.commit) && isCount(message.commitTerm),
  snapshot: (message) => {
    if (message.type !== 'snapshot') return false;
    const { index, term, confState } = message.snapshot.metadata;
    return isCount(index) && isCount(term) && term <= message.term && isWellFormedConf(confState);
  },
  propose: always,
  'read-index': always,
  'read-index-response': (message) =>
    message.type === 'read-index-response' && isCount(message.index),
  'transfer-leader': (message) => message.type === 'transfer-leader' && isCount(message.target),
  'timeout-now': always,
};

/** Messages come from the network: what no member of ours can have sent is dropped unread. */
export function isWellFormed(message: Message): boolean {
  if (!Object.hasOwn(checks, message.type)) return false;
  const sender = isCount(message.from) && message.from > 0;
  return sender && isCount(message.term) && checks[message.type](message);
}
