import { describeConf } from '../conf-change.ts';
import { decodeConfChange } from '../conf-change-codec.ts';
import type { Entry, Message, MessageType, Ready } from '../types.ts';

export function formatEntry(entry: Entry): string {
  const at = `${entry.index}/${entry.term}`;
  if (entry.type === 'normal') return `${at} "${String.fromCharCode(...entry.data)}"`;
  const { changes, joint } = decodeConfChange(entry.data);
  const parts = changes.map(({ type, nodeId }) => `${type}:${nodeId}`);
  return `${at} ${changes.length === 0 ? 'leave-joint' : `${joint} ${parts.join(' ')}`}`;
}

const formatEntries = (entries: readonly Entry[]): string =>
  `[${entries.map(formatEntry).join(', ')}]`;

type Bodies = {
  readonly [T in MessageType]: (message: Extract<Message, { readonly type: T }>) => string;
};

const bodies: Bodies = {
  append: (m) =>
    `prev=${m.prevLogIndex}/${m.prevLogTerm} commit=${m.commit} ${formatEntries(m.entries)}`,
  'append-response': (m) =>
    m.reject ? `rejects ${m.index}, hint ${m.rejectHint}/${m.rejectHintTerm}` : `has ${m.index}`,
  heartbeat: (m) => `commit=${m.commit}${m.readContext > 0 ? ` round=${m.readContext}` : ''}`,
  'heartbeat-response': (m) => (m.readContext > 0 ? `round=${m.readContext}` : ''),
  vote: (m) =>
    `${m.preVote ? 'pre ' : ''}last=${m.lastLogIndex}/${m.lastLogTerm}${m.transfer ? ' transfer' : ''}`,
  'vote-response': (m) =>
    `${m.preVote ? 'pre ' : ''}${m.reject ? `refused, commit=${m.commit}/${m.commitTerm}` : 'granted'}`,
  snapshot: ({ snapshot: { metadata } }) =>
    `${metadata.index}/${metadata.term} ${describeConf(metadata.confState)}`,
  propose: (m) =>
    `[${m.entries.map(({ data }) => `"${String.fromCharCode(...data)}"`).join(', ')}]`,
  'read-index': (m) => `context=${m.context}`,
  'read-index-response': (m) => `context=${m.context} index=${m.index}`,
  'transfer-leader': (m) => `target=${m.target}`,
  'timeout-now': () => '',
};

export function formatMessage(message: Message): string {
  const { from, to, type, term } = message;
  const body = (bodies[type] as (m: Message) => string)(message);
  return `${from}->${to} ${type} term=${term} ${body}`.trimEnd();
}

/** What a Ready holds, a line for each part that is not empty. */
export function formatReady(ready: Ready): string[] {
  const { softState, hardState, snapshot, entries, committed, readStates } = ready;
  const lines: string[] = [];
  if (softState !== undefined) lines.push(`${softState.role} leader=${softState.leader}`);
  if (hardState !== undefined) {
    lines.push(
      `hard state term=${hardState.term} vote=${hardState.vote} commit=${hardState.commit}`,
    );
  }
  if (snapshot !== undefined) {
    const { index, term, confState } = snapshot.metadata;
    lines.push(`snapshot ${index}/${term} ${describeConf(confState)}`);
  }
  if (entries.length > 0) lines.push(`write ${formatEntries(entries)}`);
  for (const message of ready.messages) lines.push(`send ${formatMessage(message)}`);
  for (const message of ready.messagesAfterSync) lines.push(`after sync ${formatMessage(message)}`);
  if (committed.length > 0) lines.push(`commit ${formatEntries(committed)}`);
  for (const { context, index } of readStates) lines.push(`read ${context} at index ${index}`);
  return lines;
}
