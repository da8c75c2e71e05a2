import type { Clock } from '#shared/clock';
import type { RaftNode } from '../consensus/node.ts';

/**
 * Gives leadership to the best follower, if this member leads and there is one; a leader that stops on purpose
 * costs its cluster no election timeout. Waits until it is done, `withinMs` at most.
 */
export async function handOver(node: RaftNode, clock: Clock, withinMs: number): Promise<void> {
  const { role, id, progress } = node.status();
  if (role !== 'leader') return;
  const best = progress
    .filter((member) => member.id !== id && !member.learner && member.recentActive)
    .sort((a, b) => b.match - a.match)[0];
  if (!best || !node.transferLeadership(best.id)) return;
  const deadline = clock.monotonic() + withinMs;
  while (node.leads && clock.monotonic() < deadline) await clock.sleep(5);
}
