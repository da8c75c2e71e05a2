import { QuorateError } from '#shared/base';
import type { KubeObject } from '#shared/api';
import { type Clock, systemClock } from '#shared/clock';
import type { ClientTls } from '#shared/rpc';
import type { CampaignResponse__Output } from '../rpc/gen/quorate/v1/CampaignResponse.ts';
import type { RegisterResponse__Output } from '../rpc/gen/quorate/v1/RegisterResponse.ts';
import type { ApiClient } from './api-client.ts';
import { grpcCalls, type GrpcCalls } from './grpc-calls.ts';
import { grpcReads } from './grpc-reads.ts';
import { connectServers, type GrpcServer } from './grpc-servers.ts';
import { grpcWrites } from './grpc-writes.ts';
import type { NodeApi } from './node-api.ts';
import type {
  CommandCall,
  CommandOptions,
  ExecOptions,
  ForwardCall,
  PodStreams,
} from './pod-streams.ts';
import { createServerPool, type ServerPool } from './server-pool.ts';
import type { TableClient } from './table-client.ts';
import { decode, encode, toLeader } from './wire.ts';

/** What only remote clients do: tables and streams for people, and the two calls of a worker. */
export interface GrpcApiClient extends ApiClient, NodeApi, TableClient {
  /** The addresses, as configured: for messages to people. */
  readonly servers: readonly string[];
  /** These three resolve when the pod's node has taken the call up. */
  exec(namespace: string, name: string, options: ExecOptions): Promise<CommandCall>;
  attach(namespace: string, name: string, options: CommandOptions): Promise<CommandCall>;
  forward(
    namespace: string,
    name: string,
    port: number,
    signal?: AbortSignal,
  ): Promise<ForwardCall>;
}

export interface GrpcApiClientOptions {
  /** `host:port` of API servers, the preferred one first. */
  readonly servers: readonly string[];
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** For each unary call on each server. */
  readonly timeoutMs?: number;
  /** Who this client is, and how it knows the servers. Absent: clear text, where servers allow it. */
  readonly tls?: ClientTls | undefined;
}

/**
 * The API over gRPC with immediate failover. Calls that no server has seen go to the next server
 * whatever they are. When a connection breaks under a call whose outcome is then unknown, reads,
 * renewals and writes that cannot take effect twice are sent again: an update or delete bound to a
 * resourceVersion or uid (whose repetition may then report `conflict` or `not-found` although the
 * first one won), and a merge patch, which sets the same values again. Everything else (creates,
 * JSON patches, unconditional updates and deletes) rejects with `unavailable`: the caller looks
 * before it repeats.
 */
export function createGrpcApiClient(options: GrpcApiClientOptions): GrpcApiClient {
  if (options.servers.length === 0) {
    throw new QuorateError('bad-request', 'no API server is named');
  }
  const { clock = systemClock } = options;
  const servers = connectServers(options.servers, clock, options.tls);
  const pool = createServerPool(servers, clock);
  const calls = grpcCalls(pool, { timeoutMs: options.timeoutMs ?? 10_000 });
  return {
    servers: options.servers,
    ...grpcReads(calls),
    ...grpcWrites(calls),
    ...elections(calls),
    ...nodeCalls(calls),
    ...podCalls(pool),
    close() {
      for (const server of servers) server.close();
      return Promise.resolve();
    },
  };
}

function elections({ ask, limits }: GrpcCalls): Pick<ApiClient, 'campaign' | 'renew' | 'resign'> {
  return {
    // Campaigning twice under one identity is campaigning once.
    async campaign({ election, identity, leaseSeconds, waitMs }, signal) {
      const request = { election, identity, lease_seconds: leaseSeconds, wait_ms: waitMs };
      const timeoutMs = waitMs + (limits.timeoutMs ?? 0);
      const answer = await ask<typeof request, CampaignResponse__Output>(
        true,
        request,
        (s, r, o, done) => s.elections.Campaign(r, o, done),
        { timeoutMs, signal },
      );
      return { elected: answer.elected, leader: toLeader(answer.leader) };
    },
    async renew({ election, token }, identity) {
      const request = { election, token, identity };
      await ask<typeof request, unknown>(true, request, (s, r, o, done) =>
        s.elections.Renew(r, o, done),
      );
    },
    async resign({ election, token }, identity) {
      const request = { election, token, identity };
      await ask<typeof request, unknown>(true, request, (s, r, o, done) =>
        s.elections.Resign(r, o, done),
      );
    },
  };
}

function nodeCalls({ ask, pool }: GrpcCalls): NodeApi {
  return {
    async registerNode<T extends KubeObject>(node: T) {
      const request = { node_json: encode(node) };
      const answer = await ask<typeof request, RegisterResponse__Output>(
        true,
        request,
        (s, r, o, done) => s.nodes.Register(r, o, done),
      );
      return decode<T>(answer.node_json);
    },
    async heartbeat(beat) {
      const request = {
        node: beat.node,
        lease_duration_seconds: beat.leaseDurationSeconds,
        ...(beat.status && { status_json: encode(beat.status) }),
      };
      const answer = await pool.call(true, (server) => server.heartbeats.send(request));
      return { renewTime: answer.renew_time, unknownNode: answer.unknown_node };
    },
  };
}

function podCalls(
  pool: ServerPool<GrpcServer>,
): Pick<GrpcApiClient, 'logs' | 'exec' | 'attach' | 'forward'> {
  /** On the first server that takes it up: a command must not run twice. */
  const opened = <C extends { readonly opened: Promise<void> }>(
    open: (streams: PodStreams) => C,
  ): Promise<C> =>
    pool.call(false, async (server) => {
      const call = open(server.streams);
      await call.opened;
      return call;
    });
  return {
    logs: (namespace, name, options = {}) =>
      pool.stream((server) => server.streams.log(namespace, name, options), options.signal),
    exec: (...args) => opened((streams) => streams.exec(...args)),
    attach: (...args) => opened((streams) => streams.attach(...args)),
    forward: (...args) => opened((streams) => streams.forward(...args)),
  };
}
