import type {
  DeleteRangeRequest,
  DeleteRangeResult,
  Event,
  LeaseId,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  ResponseHeader,
  TxnRequest,
  TxnResult,
  WatchRequest,
} from '#shared/mvcc';

export type WithHeader<T> = T & { readonly header: ResponseHeader };

/** What a watch hands over, one revision's events never split over two calls. */
export interface WatchHandler {
  /** The watch is in place: events after `header.revision`, or from the start revision on. */
  created?(header: ResponseHeader): void;
  events(events: readonly Event[], header: ResponseHeader): void;
  /** Every event up to `header.revision` has been delivered. */
  progress?(header: ResponseHeader): void;
  /**
   * The watch is over, and not by `cancel`. With code `expired`, `compactRevision` is the oldest
   * revision that can still be watched. Lost connections are not ends: the client resumes by itself.
   */
  ended(error: Error, compactRevision?: number): void;
}

export interface KvWatch {
  /** Asks for a `progress` call as soon as everything up to the store's revision is delivered. */
  requestProgress(): void;
  cancel(): void;
}

export interface LeaseGrantRequest {
  readonly ttlSeconds: number;
  /** Absent or 0n: the store chooses. */
  readonly id?: LeaseId | undefined;
}

/**
 * The etcd v3 contract as the API server and everything above it use it: in process on a master,
 * over gRPC to our store or to a real etcd. Failures are QuorateErrors whose message is etcd's own
 * text. `unavailable` and `deadline-exceeded` mean the outcome of a write is unknown.
 */
export interface KvClient {
  range(request: RangeRequest): Promise<WithHeader<RangeResult>>;
  put(request: PutRequest): Promise<WithHeader<PutResult>>;
  deleteRange(request: DeleteRangeRequest): Promise<WithHeader<DeleteRangeResult>>;
  txn(request: TxnRequest): Promise<WithHeader<TxnResult>>;
  compact(revision: number): Promise<void>;
  watch(request: WatchRequest, handler: WatchHandler): KvWatch;
  /** Whether an answer to `requestProgress` never comes before events that it covers. Absent: it never does. */
  trustsProgress?(): Promise<boolean>;
  leaseGrant(request: LeaseGrantRequest): Promise<{ id: LeaseId; ttlSeconds: number }>;
  leaseRevoke(id: LeaseId): Promise<void>;
  /** Renews once; the TTL granted, or 0 where the lease is gone. */
  leaseKeepAlive(id: LeaseId): Promise<number>;
  close(): Promise<void>;
}
