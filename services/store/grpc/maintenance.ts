import { handleUnary, headerToWire, toStatus } from '#shared/rpc';
import type { AlarmMember } from '../../../shared/rpc/gen/etcdserverpb/AlarmMember.ts';
import type { AlarmRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/AlarmRequest.ts';
import type { MaintenanceHandlers } from '../../../shared/rpc/gen/etcdserverpb/Maintenance.ts';
import { storeErrors } from '../errors.ts';
import { changeAlarm, listAlarms } from '../serve/alarms.ts';
import { idOfShown, shownId } from '../member/shown-id.ts';
import { headerNow, type Serving } from '../serve/context.ts';
import { defragment } from '../serve/defragment.ts';
import { downgrade } from '../serve/downgrade.ts';
import type { Alarm, AlarmType } from '../state/alarms.ts';
import { Backups, databaseVersion } from './backups.ts';
import { type Gate, gated } from './gate.ts';

/** What clients are told they talk to: the version whose contract is kept. */
export const contractVersion = '3.5.13';

const transferPollMs = 10;

export function maintenanceHandlers(
  serving: Serving,
  gate: Gate,
  databaseBytes: () => Promise<number>,
): MaintenanceHandlers {
  const { node, state } = serving;
  const { quotaBytes } = serving.limits;
  const backups = new Backups(serving);
  const header = () => headerToWire(headerNow(serving));
  return {
    Status: handleUnary(
      gated(
        gate,
        async () => {
          const bytes = await databaseBytes();
          const raft = node.status();
          return {
            header: header(),
            version: contractVersion,
            dbSize: bytes,
            dbSizeInUse: node.backend.liveBytes,
            leader: String(shownId(raft.leader)),
            raftIndex: raft.commit,
            raftTerm: raft.term,
            raftAppliedIndex: node.backend.applied.index,
            errors: [
              ...(raft.leader === 0 ? [storeErrors.noLeader().message] : []),
              // In the words of Go's protobuf.
              ...state.alarms.all.map(
                ({ memberId, alarm }) => `memberID:${memberId} alarm:${alarm.toUpperCase()} `,
              ),
            ],
            isLearner: raft.confState.learners.includes(raft.id),
            storageVersion: databaseVersion,
            dbSizeQuota: Number.isFinite(quotaBytes) ? quotaBytes : -1,
          };
        },
        { forLearners: () => true, needs: 'user' },
      ),
    ),
    Alarm: handleUnary(
      gated(
        gate,
        async (request, caller) => {
          // Whether one may be known is asked by clients that look after the health of a member.
          if (request.action !== 'GET') state.authority.checkAdmin(caller);
          const alarms = await answerAlarm(serving, request);
          return { header: header(), alarms: alarms.map(alarmToWire) };
        },
        { needs: 'user' },
      ),
    ),
    Defragment: handleUnary(
      gated(
        gate,
        async () => {
          await defragment(serving);
          return {};
        },
        { needs: 'admin' },
      ),
    ),
    Hash: handleUnary(
      gated(
        gate,
        async () => {
          const hash = await serving.digests.ofAll();
          return { header: header(), hash };
        },
        { needs: 'admin' },
      ),
    ),
    HashKV: handleUnary(
      gated(
        gate,
        async ({ revision }) => {
          const { hash, hashRevision, compactRevision } = await serving.digests.upTo(
            Number(revision),
          );
          return {
            header: header(),
            hash,
            // As etcd says it where nothing was ever compacted.
            compact_revision: compactRevision || -1,
            hash_revision: hashRevision,
          };
        },
        { needs: 'admin' },
      ),
    ),
    MoveLeader: handleUnary(
      gated(
        gate,
        async ({ targetID }) => {
          await moveLeader(serving, BigInt(targetID));
          return { header: header() };
        },
        { needs: 'admin' },
      ),
    ),
    Snapshot: (call) => {
      const send = async (): Promise<void> => {
        state.authority.checkAdmin(await gate.callerOf(call));
        await backups.send(call);
      };
      send().catch((thrown: unknown) => call.emit('error', toStatus(thrown)));
    },
    Downgrade: handleUnary(
      gated(
        gate,
        async ({ action, version }) => {
          await node.linearizable();
          return { header: header(), version: downgrade(action, version, contractVersion) };
        },
        { needs: 'admin' },
      ),
    ),
  };
}

async function moveLeader(serving: Serving, shown: bigint): Promise<void> {
  const { node, clock, limits } = serving;
  if (!node.leads) throw storeErrors.notLeader();
  const target = idOfShown(shown);
  if (target === undefined || !node.status().confState.voters.includes(target)) {
    throw storeErrors.badTransferee();
  }
  const deadline = clock.monotonic() + limits.requestTimeoutMs;
  if (node.leader !== target && !node.transferLeadership(target)) {
    throw storeErrors.badTransferee();
  }
  while (node.leader !== target) {
    if (clock.monotonic() > deadline) throw storeErrors.timedOut();
    await clock.sleep(transferPollMs);
  }
}

/** An alarm of no kind changes nothing; etcd lists it, and does no more about it. */
async function answerAlarm(
  serving: Serving,
  { action, memberID, alarm }: AlarmRequest__Output,
): Promise<readonly Alarm[]> {
  const type = alarmTypes.get(alarm);
  if (action === 'GET') return listAlarms(serving, type);
  if (type === undefined) return [];
  const memberId = BigInt(memberID);
  return changeAlarm(serving, action === 'ACTIVATE', { memberId, alarm: type, automatic: false });
}

const alarmTypes = new Map<string, AlarmType>([
  ['NOSPACE', 'nospace'],
  ['CORRUPT', 'corrupt'],
]);

function alarmToWire({ memberId, alarm }: Alarm): AlarmMember {
  return { memberID: String(memberId), alarm: alarm === 'nospace' ? 'NOSPACE' : 'CORRUPT' };
}
