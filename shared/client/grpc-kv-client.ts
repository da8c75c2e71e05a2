import { type Clock, systemClock } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';
import {
  type ClientTls,
  deleteRangeResultFromWire,
  deleteRangeToWire,
  headerFromWire,
  putResultFromWire,
  putToWire,
  rangeResultFromWire,
  rangeToWire,
  txnResultFromWire,
  txnToWire,
  unary,
} from '#shared/rpc';
import type { DeleteRangeRequest } from '../rpc/gen/etcdserverpb/DeleteRangeRequest.ts';
import type { DeleteRangeResponse__Output } from '../rpc/gen/etcdserverpb/DeleteRangeResponse.ts';
import type { LeaseGrantRequest } from '../rpc/gen/etcdserverpb/LeaseGrantRequest.ts';
import type { LeaseGrantResponse__Output } from '../rpc/gen/etcdserverpb/LeaseGrantResponse.ts';
import type { PutRequest } from '../rpc/gen/etcdserverpb/PutRequest.ts';
import type { PutResponse__Output } from '../rpc/gen/etcdserverpb/PutResponse.ts';
import type { RangeRequest } from '../rpc/gen/etcdserverpb/RangeRequest.ts';
import type { RangeResponse__Output } from '../rpc/gen/etcdserverpb/RangeResponse.ts';
import type { StatusRequest } from '../rpc/gen/etcdserverpb/StatusRequest.ts';
import type { StatusResponse__Output } from '../rpc/gen/etcdserverpb/StatusResponse.ts';
import type { TxnRequest } from '../rpc/gen/etcdserverpb/TxnRequest.ts';
import type { TxnResponse__Output } from '../rpc/gen/etcdserverpb/TxnResponse.ts';
import { type Endpoint, Endpoints } from './kv/endpoints.ts';
import { KeepAliveStream } from './kv/keep-alive.ts';
import { GrpcWatch } from './kv/watch.ts';
import type { KvClient } from './kv-client.ts';
import { ordersProgress } from './kv/versions.ts';

export interface GrpcKvClientOptions {
  /** `host:port` (or with `http://` or `https://` before it) of the members; the first is used until it fails. */
  readonly endpoints: readonly string[];
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** For one call, all its attempts together. Default 10,000: longer than a member's own limit. */
  readonly timeoutMs?: number;
  /** Absent: in clear text. */
  readonly tls?: ClientTls | undefined;
}

/**
 * The etcd v3 contract over gRPC, to our store or to a real etcd. Reads, renewals and calls that
 * were never sent move on to the next endpoint at once; a write whose outcome is unknown rejects
 * with `unavailable`.
 */
export function createGrpcKvClient(options: GrpcKvClientOptions): KvClient {
  const { clock = systemClock } = options;
  const endpoints = new Endpoints(
    options.endpoints,
    clock,
    options.timeoutMs ?? 10_000,
    options.tls,
  );
  const watches = new Set<GrpcWatch>();
  let renewals: KeepAliveStream | undefined;
  const renewalsAt = (endpoint: Endpoint): KeepAliveStream => {
    if (renewals?.endpoint !== endpoint) {
      renewals?.close();
      renewals = new KeepAliveStream(endpoint, clock);
    }
    return renewals;
  };

  return {
    range: (request) =>
      endpoints.call(true, async ({ kv }, timeoutMs) => {
        const answer = await unary<RangeRequest, RangeResponse__Output>(
          kv.Range.bind(kv),
          rangeToWire(request),
          { timeoutMs },
        );
        return { header: headerFromWire(answer.header), ...rangeResultFromWire(answer) };
      }),
    put: (request) =>
      endpoints.call(false, async ({ kv }, timeoutMs) => {
        const answer = await unary<PutRequest, PutResponse__Output>(
          kv.Put.bind(kv),
          putToWire(request),
          { timeoutMs },
        );
        return { header: headerFromWire(answer.header), ...putResultFromWire(answer) };
      }),
    deleteRange: (request) =>
      endpoints.call(false, async ({ kv }, timeoutMs) => {
        const wire = deleteRangeToWire(request);
        const answer = await unary<DeleteRangeRequest, DeleteRangeResponse__Output>(
          kv.DeleteRange.bind(kv),
          wire,
          { timeoutMs },
        );
        return { header: headerFromWire(answer.header), ...deleteRangeResultFromWire(answer) };
      }),
    txn: (request) =>
      endpoints.call(false, async ({ kv }, timeoutMs) => {
        const answer = await unary<TxnRequest, TxnResponse__Output>(
          kv.Txn.bind(kv),
          txnToWire(request),
          { timeoutMs },
        );
        return { header: headerFromWire(answer.header), ...txnResultFromWire(answer) };
      }),
    compact: (revision) =>
      endpoints.call(false, async ({ kv }, timeoutMs) => {
        await unary(kv.Compact.bind(kv), { revision }, { timeoutMs });
      }),
    watch(request, handler) {
      const watch = new GrpcWatch(endpoints, clock, request, handler);
      watches.add(watch);
      return {
        requestProgress: () => watch.requestProgress(),
        cancel: () => {
          watches.delete(watch);
          watch.cancel();
        },
      };
    },
    trustsProgress: () =>
      endpoints.call(true, async ({ maintenance }, timeoutMs) => {
        const call = maintenance.Status.bind(maintenance);
        const answer = await unary<StatusRequest, StatusResponse__Output>(call, {}, { timeoutMs });
        return ordersProgress(answer.version);
      }),
    leaseGrant: ({ ttlSeconds, id }) =>
      endpoints.call(false, async ({ lease }, timeoutMs) => {
        const wire = { TTL: ttlSeconds, ID: String(id ?? 0n) };
        const answer = await unary<LeaseGrantRequest, LeaseGrantResponse__Output>(
          lease.LeaseGrant.bind(lease),
          wire,
          { timeoutMs },
        );
        return { id: BigInt(answer.ID), ttlSeconds: Number(answer.TTL) };
      }),
    leaseRevoke: (id: LeaseId) =>
      endpoints.call(false, async ({ lease }, timeoutMs) => {
        await unary(lease.LeaseRevoke.bind(lease), { ID: String(id) }, { timeoutMs });
      }),
    leaseKeepAlive: (id: LeaseId) =>
      endpoints.call(true, (endpoint, timeoutMs) => renewalsAt(endpoint).renew(id, timeoutMs)),
    close() {
      for (const watch of watches) watch.cancel();
      watches.clear();
      renewals?.close();
      endpoints.close();
      return Promise.resolve();
    },
  };
}
