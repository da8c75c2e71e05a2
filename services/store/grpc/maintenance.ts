import { QuorateError } from '#shared/base';
import { handleUnary, headerToWire, toStatus } from '#shared/rpc';
import type { MaintenanceHandlers } from '../../../shared/rpc/gen/etcdserverpb/Maintenance.ts';
import { storeErrors } from '../errors.ts';
import { headerNow, type Serving } from '../serve/context.ts';
import { type Gate, gated } from './gate.ts';
import { unimplemented } from './unimplemented.ts';

/** What clients are told they talk to: the version whose contract is kept. */
export const contractVersion = '3.5.0';

const transferPollMs = 10;

export function maintenanceHandlers(
  serving: Serving,
  gate: Gate,
  backendBytes: () => Promise<number>,
): MaintenanceHandlers {
  const { node, state } = serving;
  const header = () => headerToWire(headerNow(serving));
  return {
    Status: handleUnary(
      gated(
        gate,
        async () => {
          const bytes = await backendBytes();
          const raft = node.status();
          return {
            header: header(),
            version: contractVersion,
            dbSize: bytes,
            dbSizeInUse: bytes,
            leader: raft.leader,
            raftIndex: raft.commit,
            raftTerm: raft.term,
            raftAppliedIndex: node.backend.applied.index,
            errors: raft.leader === 0 ? [storeErrors.noLeader().message] : [],
            isLearner: raft.confState.learners.includes(raft.id),
          };
        },
        () => true,
      ),
    ),
    // No alarm can be raised yet, so there is none to list or to clear.
    Alarm: handleUnary(
      gated(gate, ({ action }) =>
        action === 'ACTIVATE'
          ? Promise.reject(
              new QuorateError('unimplemented', 'etcdserver: alarms cannot be raised by hand'),
            )
          : Promise.resolve({ header: header(), alarms: [] }),
      ),
    ),
    // LevelDB compacts by itself, all the time.
    Defragment: handleUnary(gated(gate, () => Promise.resolve({ header: header() }))),
    Hash: handleUnary(
      gated(gate, () => Promise.resolve({ header: header(), hash: state.mvcc.hash() })),
    ),
    HashKV: handleUnary(
      gated(gate, async ({ revision }) => {
        await node.linearizable();
        const { hash, compactRevision } = state.mvcc.hashKv(Number(revision));
        return { header: header(), hash, compact_revision: compactRevision };
      }),
    ),
    MoveLeader: handleUnary(
      gated(gate, async ({ targetID }) => {
        await moveLeader(serving, Number(targetID));
        return { header: header() };
      }),
    ),
    Snapshot: (call) => {
      const error = new QuorateError(
        'unimplemented',
        'etcdserver: Snapshot is not supported by this store yet',
      );
      call.emit('error', toStatus(error));
    },
    Downgrade: unimplemented('Downgrade'),
  };
}

async function moveLeader(serving: Serving, target: number): Promise<void> {
  const { node, clock, limits } = serving;
  if (!node.leads) throw storeErrors.notLeader();
  if (!node.status().confState.voters.includes(target)) throw storeErrors.badTransferee();
  const deadline = clock.monotonic() + limits.requestTimeoutMs;
  if (node.leader !== target && !node.transferLeadership(target)) {
    throw storeErrors.badTransferee();
  }
  while (node.leader !== target) {
    if (clock.monotonic() > deadline) throw storeErrors.timedOut();
    await clock.sleep(transferPollMs);
  }
}
