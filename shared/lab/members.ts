import { connect, loadProto, unary } from '#shared/rpc';
import type { StatusResponse__Output } from '../rpc/gen/etcdserverpb/StatusResponse.ts';
import type { ProtoGrpcType } from '../rpc/gen/rpc.ts';

const timeoutMs = 1000;

/** What one member knows of who leads. */
export interface Leadership {
  /** That it does itself. */
  readonly leads: boolean;
  /** The id of who leads; `0`: nobody. */
  readonly leader: string;
  readonly term: number;
}

/** In this member's own view; undefined where it does not answer. */
export async function leadership(endpoint: string): Promise<Leadership | undefined> {
  const { Maintenance } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
  const client = connect(Maintenance, endpoint);
  try {
    const status = await unary<object, StatusResponse__Output>(
      (request, options, done) => client.Status(request, options, done),
      {},
      { timeoutMs },
    );
    const { leader, raftTerm } = status;
    return {
      leads: leader !== '0' && leader === status.header?.member_id,
      leader,
      term: Number(raftTerm),
    };
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}

/**
 * Which of these members leads, if a majority says so: who is cut off may still think that it does, and
 * whoever leads instead may take long to answer.
 */
export async function leaderOf(endpoints: readonly string[]): Promise<number | undefined> {
  const views = await Promise.all(endpoints.map(leadership));
  const leader = views.findIndex((view) => {
    if (!view?.leads) return false;
    const agree = views.filter((v) => v?.leader === view.leader && v.term === view.term);
    return 2 * agree.length > endpoints.length;
  });
  return leader === -1 ? undefined : leader;
}
