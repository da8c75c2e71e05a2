import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  addReflection,
  createServer,
  healthService,
  type Inject,
  injector,
  loadProto,
  serveDirectly,
} from '#shared/rpc';
import type { KvClient } from '#shared/client';
import type { ProtoGrpcType as RpcProto } from '../../../shared/rpc/gen/rpc.ts';
import type { ProtoGrpcType as ElectionProto } from '../../../shared/rpc/gen/v3election.ts';
import type { ProtoGrpcType as LockProto } from '../../../shared/rpc/gen/v3lock.ts';
import type { Caller } from '../auth/caller.ts';
import type { Auth } from '../serve/auth.ts';
import type { Serving } from '../serve/context.ts';
import type { Kv } from '../serve/kv.ts';
import type { Membership } from '../serve/membership.ts';
import type { Leases } from '../serve/leases.ts';
import { authHandlers } from './auth.ts';
import { clientOfCall } from './client-of-call.ts';
import { clusterHandlers } from './cluster.ts';
import { type CallTiming, count, type MethodCounts } from './counted.ts';
import type { Gate } from './gate.ts';
import { kvHandlers, kvService } from './kv.ts';
import { electionHandlers } from './election.ts';
import { leaseHandlers } from './lease.ts';
import { lockHandlers } from './lock.ts';
import { maintenanceHandlers } from './maintenance.ts';
import type { PartsFor } from './recipe.ts';
import { strictly } from './well-formed.ts';
import { watchHandlers, watchService, type WatchStreams } from './watch.ts';

/** etcd allows this beside the request itself. */
const requestOverheadBytes = 512 << 10;

/**
 * What streams and small answers that one client does not read may take; it is refused further streams.
 * Large answers are not written before the client reads.
 */
const maxConnectionMiB = 256;

/** Longer than any timer of Node.js can be. */
const never = 2 ** 31 - 1;

export interface ClientServerParts {
  readonly serving: Serving;
  readonly kv: Kv;
  /** For what is made of keys and leases: locks and elections. */
  readonly clientFor: (caller: Caller) => KvClient;
  readonly auth: Auth;
  readonly leases: Leases;
  readonly membership: Membership;
  readonly watches: WatchStreams;
  readonly gate: Gate;
  readonly databaseBytes: () => Promise<number>;
  readonly connections: ConnectionLimits;
  readonly timing: CallTiming;
}

/** What each client's connection may do, and how it is kept alive. */
export interface ConnectionLimits {
  readonly maxConcurrentStreams: number;
  /** How often a client is pinged, and how long its answer may take. 0: never. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

export interface ClientServer {
  readonly server: Server;
  /** Gives a connection to the server. */
  readonly inject: Inject;
  /** Calls so far, a method each. */
  readonly methods: readonly MethodCounts[];
  /** What the gRPC packages define under a full name: a service or the type of a message. */
  readonly find: (name: string) => unknown;
}

type Packages = RpcProto & LockProto & ElectionProto;

/** The etcd v3 API on the client port. */
export function createClientServer(parts: ClientServerParts): ClientServer {
  const { serving, kv, clientFor, auth, leases, membership, watches, gate, databaseBytes } = parts;
  const packages = loadProto<Packages>(
    'etcd/rpc.proto',
    'etcd/v3lock.proto',
    'etcd/v3election.proto',
  );
  const { etcdserverpb: etcd, v3lockpb, v3electionpb } = packages;
  const maxMessageBytes = serving.limits.maxRequestBytes + requestOverheadBytes;
  const { maxConcurrentStreams, keepaliveMs, keepaliveTimeoutMs } = parts.connections;
  const server = createServer({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': maxConcurrentStreams,
    'grpc-node.max_session_memory': maxConnectionMiB,
    'grpc.keepalive_time_ms': keepaliveMs > 0 ? keepaliveMs : never,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
  });
  const methods: MethodCounts[] = [];
  const services: ServiceDefinition[] = [];
  const find = (name: string): unknown => lookUp(packages, name);
  const serve = (service: ServiceDefinition, handlers: UntypedServiceImplementation): void => {
    server.addService(service, handlers);
    serveDirectly(server, service, handlers, maxMessageBytes);
  };
  const add = (service: ServiceDefinition, handlers: object): void => {
    const strict = strictly(service, find);
    services.push(strict);
    const untyped = handlers as UntypedServiceImplementation;
    serve(strict, count(strict, untyped, methods, parts.timing));
  };
  add(kvService(etcd.KV.service), kvHandlers(kv, gate));
  add(watchService(etcd.Watch.service), watchHandlers(watches, gate));
  add(etcd.Lease.service, leaseHandlers(leases, serving, gate));
  add(etcd.Cluster.service, clusterHandlers(membership, serving, gate));
  add(etcd.Maintenance.service, maintenanceHandlers(serving, gate, databaseBytes));
  add(etcd.Auth.service, authHandlers(auth, gate));
  const recipes: PartsFor = (call) => ({
    kv: clientOfCall(gate, call, clientFor),
    clock: serving.clock,
  });
  add(v3lockpb.Lock.service, lockHandlers(recipes, gate));
  add(v3electionpb.Election.service, electionHandlers(recipes, gate));
  const health = healthService();
  add(health.definition, health.handlers);
  addReflection({ addService: serve }, services);
  return { server, inject: injector(server), methods, find };
}

function lookUp(packages: object, name: string): unknown {
  let found: unknown = packages;
  for (const part of name.split('.')) {
    found = (found as Record<string, unknown> | undefined)?.[part];
  }
  return found;
}
