import { BrokenPromise } from '#shared/checks';
import type { NodeId } from '#shared/raft';

/**
 * Who takes a snapshot was told how far it goes: what comes next is counted from there. `commit`: as far as
 * raft takes everything for committed, as `index` of the state that has arrived is.
 */
export function checkAnnounced(member: NodeId, index: number, commit: number): void {
  if (commit >= index) return;
  throw new BrokenPromise(
    `${member} was told of a snapshot up to ${commit}, and has got one up to ${index}`,
  );
}
