import { must, QuorateError } from '#shared/base';
import type { KubeObject, ResourceRef, Table } from '#shared/api';
import type { Clock } from '#shared/clock';
import { type CallLimits, type ClientTls, serverStream, unary } from '#shared/rpc';
import type { CampaignResponse__Output } from '../rpc/gen/quorate/v1/CampaignResponse.ts';
import type { DeleteResponse__Output } from '../rpc/gen/quorate/v1/DeleteResponse.ts';
import type { KindsResponse__Output } from '../rpc/gen/quorate/v1/KindsResponse.ts';
import type { ListResponse__Output } from '../rpc/gen/quorate/v1/ListResponse.ts';
import type { Object__Output } from '../rpc/gen/quorate/v1/Object.ts';
import type { RegisterResponse__Output } from '../rpc/gen/quorate/v1/RegisterResponse.ts';
import type { WatchRequest } from '../rpc/gen/quorate/v1/WatchRequest.ts';
import type {
  ApiClient,
  DeleteOptions,
  ListOptions,
  ObjectList,
  WatchEvent,
  WatchOptions,
} from './api-client.ts';
import { connectServers, type GrpcServer } from './grpc-servers.ts';
import type {
  CommandCall,
  CommandOptions,
  ExecOptions,
  ForwardCall,
  PodStreams,
} from './pod-streams.ts';
import type { NodeApi } from './node-api.ts';
import { repeatable } from './repeatable.ts';
import { createServerPool, type ServerPool } from './server-pool.ts';
import type { TableClient, TableEvent } from './table-client.ts';
import {
  decode,
  encode,
  fenceField,
  objectName,
  toKindInfo,
  toLeader,
  toObjectTable,
  writeFields,
} from './wire.ts';

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
  readonly clock: Clock;
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
  const servers = connectServers(options.servers, options.clock, options.tls);
  const pool = createServerPool(servers, options.clock);
  const limits: CallLimits = { timeoutMs: options.timeoutMs ?? 10_000 };
  return {
    servers: options.servers,
    ...reads(pool, limits),
    ...writes(pool, limits),
    ...elections(pool, limits),
    ...nodeCalls(pool, limits),
    ...podCalls(pool),
    close() {
      for (const server of servers) server.close();
      return Promise.resolve();
    },
  };
}

type Pool = ServerPool<GrpcServer>;

function reads(pool: Pool, limits: CallLimits) {
  const get = async <T>(
    ref: ResourceRef,
    name: string,
    namespace: string,
    asTable: boolean,
  ): Promise<T> => {
    const request = { resource: ref, name, namespace, as_table: asTable };
    const answer = await pool.call(true, (server) =>
      unary<typeof request, Object__Output>(
        (r, o, done) => server.resources.Get(r, o, done),
        request,
        limits,
      ),
    );
    return decode<T>(answer.json);
  };
  const list = (ref: ResourceRef, options: ListOptions, asTable: boolean) => {
    const request = {
      resource: ref,
      namespace: options.namespace ?? '',
      label_selector: options.labelSelector ?? '',
      field_selector: options.fieldSelector ?? '',
      limit: options.limit ?? 0,
      continue: options.continue ?? '',
      as_table: asTable,
    };
    return pool.call(true, (server) =>
      unary<typeof request, ListResponse__Output>(
        (r, o, done) => server.resources.List(r, o, done),
        request,
        limits,
      ),
    );
  };
  const watch = (ref: ResourceRef, options: WatchOptions, asTable: boolean) => {
    const request = watchRequest(ref, options, asTable);
    const { signal } = options;
    return pool.stream((server) => serverStream(server.resources.Watch(request), signal), signal);
  };
  return {
    async kinds() {
      const answer = await pool.call(true, (server) =>
        unary<object, KindsResponse__Output>(
          (r, o, done) => server.resources.Kinds(r, o, done),
          {},
          limits,
        ),
      );
      return answer.kinds.map(toKindInfo);
    },
    get: <T extends KubeObject>(ref: ResourceRef, name: string, namespace = '') =>
      get<T>(ref, name, namespace, false),
    getTable: async (ref: ResourceRef, name: string, namespace = '') =>
      toObjectTable(await get<Table>(ref, name, namespace, true)),
    async list<T extends KubeObject>(
      ref: ResourceRef,
      options: ListOptions = {},
    ): Promise<ObjectList<T>> {
      const answer = await list(ref, options, false);
      const remaining = Number(answer.remaining_item_count);
      return {
        items: answer.items.map((json) => decode<T>(json)),
        resourceVersion: answer.resource_version,
        ...(answer.continue !== '' && { continue: answer.continue }),
        ...(remaining > 0 && { remainingItemCount: remaining }),
      };
    },
    async listTable(ref: ResourceRef, options: ListOptions = {}) {
      const answer = await list(ref, options, true);
      const json = must(answer.items[0], 'a list asked as a table is answered with one');
      return toObjectTable(decode<Table>(json), answer.resource_version, answer.continue);
    },
    async *watch<T extends KubeObject>(
      ref: ResourceRef,
      options: WatchOptions = {},
    ): AsyncGenerator<WatchEvent<T>, void> {
      for await (const event of watch(ref, options, false)) {
        if (event.type !== 'UNSPECIFIED') yield { type: event.type, object: decode<T>(event.json) };
      }
    },
    async *watchTable(ref: ResourceRef, options: WatchOptions = {}): AsyncGenerator<TableEvent> {
      for await (const event of watch(ref, options, true)) {
        if (event.type === 'UNSPECIFIED') continue;
        yield { type: event.type, table: toObjectTable(decode<Table>(event.json)) };
      }
    },
  };
}

function watchRequest(ref: ResourceRef, options: WatchOptions, asTable: boolean): WatchRequest {
  return {
    resource: ref,
    namespace: options.namespace ?? '',
    label_selector: options.labelSelector ?? '',
    field_selector: options.fieldSelector ?? '',
    resource_version: options.resourceVersion ?? '',
    allow_bookmarks: options.allowBookmarks ?? false,
    name: options.name ?? '',
    as_table: asTable,
  };
}

const propagations = {
  background: 'BACKGROUND',
  foreground: 'FOREGROUND',
  orphan: 'ORPHAN',
} as const;

function writes(
  pool: Pool,
  limits: CallLimits,
): Pick<ApiClient, 'create' | 'createSubresource' | 'update' | 'patch' | 'delete'> {
  type CreateFields = ReturnType<typeof writeFields> & { json: Buffer; name: string };
  const create = async <T>(request: CreateFields): Promise<T> => {
    const answer = await pool.call(false, (server) =>
      unary<CreateFields, Object__Output>(
        (r, o, done) => server.resources.Create(r, o, done),
        request,
        limits,
      ),
    );
    return decode<T>(answer.json);
  };
  return {
    create: (ref, object, options = {}) =>
      create({ ...writeFields(ref, options, object), json: encode(object), name: '' }),
    createSubresource: (ref, name, subresource, body, options = {}) =>
      create({ ...writeFields(ref, { ...options, subresource }, body), json: encode(body), name }),
    async update<T extends KubeObject>(ref: ResourceRef, object: T, options = {}) {
      const name = objectName(object);
      const request = { ...writeFields(ref, options, object), json: encode(object), name };
      const answer = await pool.call(repeatable.update(object), (server) =>
        unary<typeof request, Object__Output>(
          (r, o, done) => server.resources.Update(r, o, done),
          request,
          limits,
        ),
      );
      return decode<T>(answer.json);
    },
    async patch<T extends KubeObject>(
      ...[ref, name, type, patch, options = {}]: Parameters<ApiClient['patch']>
    ) {
      const fields = {
        patch: encode(patch),
        name,
        type: patchTypes[type],
      } as const;
      const request = { ...writeFields(ref, options), ...fields };
      const answer = await pool.call(repeatable.patch(type), (server) =>
        unary<typeof request, Object__Output>(
          (r, o, done) => server.resources.Patch(r, o, done),
          request,
          limits,
        ),
      );
      return decode<T>(answer.json);
    },
    async delete<T extends KubeObject>(
      ref: ResourceRef,
      name: string,
      options: DeleteOptions = {},
    ) {
      const request = deleteRequest(ref, name, options);
      const answer = await pool.call(repeatable.delete(options), (server) =>
        unary<typeof request, DeleteResponse__Output>(
          (r, o, done) => server.resources.Delete(r, o, done),
          request,
          limits,
        ),
      );
      return { object: decode<T>(answer.json), gone: answer.gone };
    },
  };
}

function deleteRequest(ref: ResourceRef, name: string, options: DeleteOptions) {
  const { propagation, gracePeriodSeconds } = options;
  return {
    resource: ref,
    namespace: options.namespace ?? '',
    name,
    propagation: propagation === undefined ? ('DEFAULT' as const) : propagations[propagation],
    ...(gracePeriodSeconds !== undefined && { grace_period_seconds: gracePeriodSeconds }),
    uid: options.uid ?? '',
    resource_version: options.resourceVersion ?? '',
    dry_run: options.dryRun ?? false,
    ...fenceField(options.fence),
  };
}

function elections(
  pool: Pool,
  limits: CallLimits,
): Pick<ApiClient, 'campaign' | 'renew' | 'resign'> {
  return {
    // Campaigning twice under one identity is campaigning once.
    async campaign({ election, identity, leaseSeconds, waitMs }, signal) {
      const request = { election, identity, lease_seconds: leaseSeconds, wait_ms: waitMs };
      const timeoutMs = waitMs + (limits.timeoutMs ?? 0);
      const send = (server: GrpcServer): Promise<CampaignResponse__Output> =>
        unary<typeof request, CampaignResponse__Output>(
          (r, o, done) => server.elections.Campaign(r, o, done),
          request,
          { timeoutMs, signal },
        );
      const answer = await pool.call(true, send, signal);
      return { elected: answer.elected, leader: toLeader(answer.leader) };
    },
    async renew({ election, token }, identity) {
      const request = { election, token, identity };
      await pool.call(true, (server) =>
        unary<typeof request, unknown>(
          (r, o, done) => server.elections.Renew(r, o, done),
          request,
          limits,
        ),
      );
    },
    async resign({ election, token }, identity) {
      const request = { election, token, identity };
      await pool.call(true, (server) =>
        unary<typeof request, unknown>(
          (r, o, done) => server.elections.Resign(r, o, done),
          request,
          limits,
        ),
      );
    },
  };
}

function nodeCalls(
  pool: Pool,
  limits: CallLimits,
): Pick<GrpcApiClient, 'registerNode' | 'heartbeat'> {
  return {
    async registerNode<T extends KubeObject>(node: T) {
      const request = { node_json: encode(node) };
      const answer = await pool.call(true, (server) =>
        unary<typeof request, RegisterResponse__Output>(
          (r, o, done) => server.nodes.Register(r, o, done),
          request,
          limits,
        ),
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

function podCalls(pool: Pool): Pick<GrpcApiClient, 'logs' | 'exec' | 'attach' | 'forward'> {
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

const patchTypes = { json: 'JSON', merge: 'MERGE', strategic: 'STRATEGIC' } as const;
