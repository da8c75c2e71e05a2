import type { Core } from './core.ts';
import { switchConf } from './membership.ts';
import type { NodeId, Snapshot } from './types.ts';

/** Follower: replaces log and state by the leader's snapshot, unless it is old news here. */
export function installSnapshot(core: Core, from: NodeId, snapshot: Snapshot): void {
  const { index, term, confState } = snapshot.metadata;
  const { log } = core;
  if (index > log.committed) {
    if (log.matches(index, term)) {
      // Nothing is missing: it is quicker to commit what is here already.
      log.commitTo(index);
    } else {
      log.restore(snapshot);
      core.confFromSnapshot(index);
      switchConf(core, confState);
    }
  }
  core.send(from, {
    type: 'append-response',
    index: log.committed,
    reject: false,
    rejectHint: 0,
    rejectHintTerm: 0,
  });
}
