import { connect, loadProto, unary } from '#shared/rpc';
import type { StatusResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/StatusResponse.ts';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/rpc.ts';

/** What a member of the store says of itself: etcd's Maintenance.Status. */
export interface MemberStatus {
  /** Hexadecimal, as etcdctl prints it. */
  readonly id: string;
  readonly leader: boolean;
  /** False where this member knows of no leader. */
  readonly hasLeader: boolean;
  readonly term: number;
  readonly raftIndex: number;
  readonly dbSizeBytes: number;
  readonly version: string;
}

const timeoutMs = 1_500;

/** Asks the members at these `host:port`, all at once; undefined for one that does not answer. */
export function memberStatuses(
  addresses: readonly string[],
): Promise<(MemberStatus | undefined)[]> {
  const { Maintenance } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
  return Promise.all(
    addresses.map(async (address) => {
      const client = connect(Maintenance, address);
      try {
        const status = await unary<object, StatusResponse__Output>(
          (request, options, done) => client.Status(request, options, done),
          {},
          { timeoutMs },
        );
        return toMemberStatus(status);
      } catch {
        // Dead, starting, or stopping: the table says so.
        return undefined;
      } finally {
        client.close();
      }
    }),
  );
}

function toMemberStatus(status: StatusResponse__Output): MemberStatus {
  const id = BigInt(status.header?.member_id ?? 0);
  const leader = BigInt(status.leader);
  return {
    id: id.toString(16),
    leader: id === leader && id !== 0n,
    hasLeader: leader !== 0n,
    term: Number(status.raftTerm),
    raftIndex: Number(status.raftIndex),
    dbSizeBytes: Number(status.dbSize),
    version: status.version,
  };
}
