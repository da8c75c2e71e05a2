import type { Server } from '@grpc/grpc-js';
import { createServer, loadProto } from '#shared/rpc';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/rpc.ts';
import type { Serving } from '../serve/context.ts';
import type { Kv } from '../serve/kv.ts';
import type { Leases } from '../serve/leases.ts';
import { clusterHandlers } from './cluster.ts';
import type { Gate } from './gate.ts';
import { kvHandlers } from './kv.ts';
import { leaseHandlers } from './lease.ts';
import { maintenanceHandlers } from './maintenance.ts';
import { watchHandlers, type WatchStreams } from './watch.ts';

/** etcd allows this beside the request itself. */
const requestOverheadBytes = 512 << 10;

export interface ClientServerParts {
  readonly serving: Serving;
  readonly kv: Kv;
  readonly leases: Leases;
  readonly watches: WatchStreams;
  readonly gate: Gate;
  readonly backendBytes: () => Promise<number>;
}

/** The etcd v3 API on the client port. */
export function createClientServer(parts: ClientServerParts): Server {
  const { serving, kv, leases, watches, gate, backendBytes } = parts;
  const proto = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
  const server = createServer({
    'grpc.max_receive_message_length': serving.limits.maxRequestBytes + requestOverheadBytes,
  });
  server.addService(proto.KV.service, { ...kvHandlers(kv, gate) });
  server.addService(proto.Watch.service, { ...watchHandlers(watches, gate) });
  server.addService(proto.Lease.service, { ...leaseHandlers(leases, serving, gate) });
  server.addService(proto.Cluster.service, { ...clusterHandlers(serving, gate) });
  server.addService(proto.Maintenance.service, {
    ...maintenanceHandlers(serving, gate, backendBytes),
  });
  return server;
}
