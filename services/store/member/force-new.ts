import { decodeConfChange } from '#shared/raft';
import { applyOnce } from '../consensus/apply-once.ts';
import type { MemberStorage } from '../consensus/storage.ts';
import type { Settings } from '../options.ts';
import { StateMachine } from '../state/state-machine.ts';
import { votersOnly } from './found.ts';
import type { Identity } from './identity.ts';
import { hexId } from './shown-id.ts';
import { MemberTable } from './table.ts';

const noLimit = Infinity;

/**
 * Makes this member the only one, with all that its disk holds. Everything in the log counts as
 * committed: what the lost members had acknowledged may be there alone. They are removed for good.
 */
export async function forceNewCluster(
  { log }: Settings,
  { log: raftLog, backend }: MemberStorage,
  { memberId, name }: Identity,
): Promise<void> {
  const state = new StateMachine(backend, () => undefined);
  const { confState } = backend.applied;
  const last = raftLog.lastIndex();
  const from = backend.applied.index + 1;
  if (from <= last) {
    for (const { index, term, type, data } of raftLog.entries(from, last + 1, noLimit)) {
      const isChange = type === 'conf-change';
      const command = isChange ? decodeConfChange(data).context : data;
      if (command.length > 0) {
        applyOnce(command, backend.sequences, isChange, (operation) =>
          state.apply(operation, index),
        );
      }
      backend.setApplied({ index, term, confState });
    }
  }
  const table = new MemberTable(backend);
  const own = table.members.get(memberId) ?? {
    id: memberId,
    name,
    peerUrls: [],
    clientUrls: [],
    incarnation: 0,
  };
  const others = [...table.members.keys()].filter((id) => id !== memberId);
  const only = [{ ...own, learner: false }];
  table.begin(only, [...table.removed, ...others]);
  const { index, term } = backend.applied;
  backend.setApplied({ index, term, confState: votersOnly(only) });
  await backend.flush();
  raftLog.setConfState(backend.applied.confState);
  log.warn(
    { memberId: hexId(memberId), removed: others.map(hexId), index },
    'forced a new cluster of this member alone',
  );
}
