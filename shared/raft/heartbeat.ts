import { assert } from '#shared/base';
import type { Core } from './core.ts';

/**
 * Leader: tells everybody that it is there. `commit` never exceeds what the member is known to
 * hold, so that it needs no check against its log.
 */
export function sendHeartbeats(core: Core): void {
  assert(core.role === 'leader', 'only a leader sends heartbeats');
  const readContext = core.reads.waitingRound;
  for (const { id, match } of core.progress.values()) {
    if (id === core.id) continue;
    const commit = Math.min(match, core.log.committed);
    core.send(id, { type: 'heartbeat', commit, readContext });
  }
}
