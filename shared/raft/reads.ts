import { assert } from '#shared/base';
import type { Core } from './core.ts';
import { sendHeartbeats } from './heartbeat.ts';
import { quorumReached } from './quorum.ts';
import { noNode } from './types.ts';

/** False where there is nobody to ask now. */
export function requestRead(core: Core, context: number): boolean {
  if (core.role === 'leader') {
    core.reads.add({ from: core.id, context });
    return true;
  }
  if (core.leader === noNode) return false;
  core.send(core.leader, { type: 'read-index', context });
  return true;
}

/** Leader: reads wait for the next turn, and for the first commit of the leader's own term. */
export function readsDue(core: Core): boolean {
  return core.role === 'leader' && core.reads.gathering && core.committedInTerm;
}

export function beginReads(core: Core): void {
  assert(readsDue(core), 'no read is due');
  core.reads.begin(core.log.committed);
  sendHeartbeats(core);
  answerReads(core);
}

/** Leader: answers the rounds that a quorum has confirmed; a lone voter is its own quorum. */
export function answerReads(core: Core): void {
  assert(core.role === 'leader', 'only a leader answers reads');
  if (core.reads.waitingRound === 0) return;
  const confirmed = quorumReached(core.conf, (id) =>
    id === core.id ? Number.MAX_SAFE_INTEGER : (core.progress.get(id)?.readRound ?? 0),
  );
  for (const { index, requests } of core.reads.confirm(confirmed)) {
    for (const { from, context } of requests) {
      if (from === core.id) core.outbox.readState({ context, index });
      else core.send(from, { type: 'read-index-response', context, index });
    }
  }
}
