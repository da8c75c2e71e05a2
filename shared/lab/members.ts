import { connect, loadProto, unary } from '#shared/rpc';
import type { StatusResponse__Output } from '../rpc/gen/etcdserverpb/StatusResponse.ts';
import type { ProtoGrpcType } from '../rpc/gen/rpc.ts';

const timeoutMs = 1000;

/** Whether this member leads, in its own view, and in which term; undefined where it does not answer. */
export async function leadership(
  endpoint: string,
): Promise<{ leads: boolean; term: number } | undefined> {
  const { Maintenance } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
  const client = connect(Maintenance, endpoint);
  try {
    const status = await unary<object, StatusResponse__Output>(
      (request, options, done) => client.Status(request, options, done),
      {},
      { timeoutMs },
    );
    const id = status.header?.member_id ?? '0';
    return { leads: id !== '0' && id === status.leader, term: Number(status.raftTerm) };
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}
