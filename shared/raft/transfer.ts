import { assert } from '#shared/base';
import type { Core } from './core.ts';
import type { Progress } from './progress.ts';
import { type NodeId, noNode } from './types.ts';

/** Hands leadership to `to` (thesis, section 3.10). False where that cannot begin. */
export function transferLeadership(core: Core, to: NodeId): boolean {
  if (core.role !== 'leader') {
    if (core.leader === noNode || core.leader === to) return false;
    core.send(core.leader, { type: 'transfer-leader', target: to });
    return true;
  }
  const isVoter = core.conf.voters.includes(to);
  const progress = core.progress.get(to);
  if (to === core.id || !isVoter || progress === undefined) return false;
  if (core.transferTarget === to) return true;
  core.transferTarget = to;
  core.transferElapsed = 0;
  // A probe under way may be lost; try again at once.
  progress.probeSent = false;
  finishTransfer(core, progress);
  return true;
}

/** Leader: once the target has the whole log, it may stand for election. */
export function finishTransfer(core: Core, progress: Progress): void {
  if (core.transferTarget !== progress.id || progress.match !== core.log.lastIndex) return;
  core.send(progress.id, { type: 'timeout-now' });
}

/** Leader: a transfer that takes longer than an election would is given up. */
export function tickTransfer(core: Core): void {
  if (core.transferTarget === noNode) return;
  assert(core.role === 'leader', 'only a leader hands over');
  core.transferElapsed += 1;
  if (core.transferElapsed >= core.config.electionTicks) core.transferTarget = noNode;
}
