import type { Server } from '@grpc/grpc-js';
import { createServer, loadProto, serveDirectly } from '#shared/rpc';
import type { KvClient } from '#shared/client';
import type { ProtoGrpcType as RpcProto } from '../../../shared/rpc/gen/rpc.ts';
import type { ProtoGrpcType as ElectionProto } from '../../../shared/rpc/gen/v3election.ts';
import type { ProtoGrpcType as LockProto } from '../../../shared/rpc/gen/v3lock.ts';
import type { Serving } from '../serve/context.ts';
import type { Kv } from '../serve/kv.ts';
import type { Membership } from '../serve/membership.ts';
import type { Leases } from '../serve/leases.ts';
import { clusterHandlers } from './cluster.ts';
import type { Gate } from './gate.ts';
import { kvHandlers } from './kv.ts';
import { electionHandlers } from './election.ts';
import { leaseHandlers } from './lease.ts';
import { lockHandlers } from './lock.ts';
import { maintenanceHandlers } from './maintenance.ts';
import { watchHandlers, type WatchStreams } from './watch.ts';

/** etcd allows this beside the request itself. */
const requestOverheadBytes = 512 << 10;

export interface ClientServerParts {
  readonly serving: Serving;
  readonly kv: Kv;
  /** For what is made of keys and leases: locks and elections. */
  readonly client: KvClient;
  readonly leases: Leases;
  readonly membership: Membership;
  readonly watches: WatchStreams;
  readonly gate: Gate;
  readonly backendBytes: () => Promise<number>;
}

/** The etcd v3 API on the client port. */
export function createClientServer(parts: ClientServerParts): Server {
  const { serving, kv, client, leases, membership, watches, gate, backendBytes } = parts;
  const {
    etcdserverpb: proto,
    v3lockpb,
    v3electionpb,
  } = loadProto<RpcProto & LockProto & ElectionProto>(
    'etcd/rpc.proto',
    'etcd/v3lock.proto',
    'etcd/v3election.proto',
  );
  const maxMessageBytes = serving.limits.maxRequestBytes + requestOverheadBytes;
  const server = createServer({ 'grpc.max_receive_message_length': maxMessageBytes });
  const kvMethods = { ...kvHandlers(kv, gate) };
  server.addService(proto.KV.service, kvMethods);
  serveDirectly(server, proto.KV.service, kvMethods, maxMessageBytes);
  server.addService(proto.Watch.service, { ...watchHandlers(watches, gate) });
  server.addService(proto.Lease.service, { ...leaseHandlers(leases, serving, gate) });
  server.addService(proto.Cluster.service, { ...clusterHandlers(membership, serving, gate) });
  server.addService(proto.Maintenance.service, {
    ...maintenanceHandlers(serving, gate, backendBytes),
  });
  const recipes = { kv: client, clock: serving.clock };
  server.addService(v3lockpb.Lock.service, { ...lockHandlers(recipes, gate) });
  server.addService(v3electionpb.Election.service, { ...electionHandlers(recipes, gate) });
  return server;
}
