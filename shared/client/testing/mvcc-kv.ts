import { QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import {
  type Applied,
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  type DeleteRangeRequest,
  type DeleteRangeResult,
  type LeaseId,
  Mvcc,
  type PutRequest,
  type PutResult,
  type RangeRequest,
  type RangeResult,
  type ResponseHeader,
  type TxnRequest,
  type TxnResult,
  WatchHub,
  type WatchRequest,
  type Watcher,
} from '#shared/mvcc';
import { MemoryBackend } from '../../mvcc/testing/memory-backend.ts';
import type {
  KvClient,
  KvWatch,
  LeaseGrantRequest,
  WatchHandler,
  WithHeader,
} from '../kv-client.ts';

const maxTxnOps = 128;
const minTtlSeconds = 2;
const sliceEvents = 1000;

/**
 * A KvClient over one store in memory, for unit tests of what stands above the store. Answers come
 * in a later microtask; watches hear of changes at the clock's next turn; leases expire by the clock.
 */
export class MvccKv implements KvClient {
  readonly mvcc: Mvcc;
  readonly #clock: Clock;
  readonly #hub: WatchHub;
  readonly #expiry: Timer;
  #lastLease = 0n;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.mvcc = new Mvcc(new MemoryBackend());
    this.#hub = new WatchHub(this.mvcc);
    this.mvcc.leases.promote(clock.monotonic(), 0);
    this.#expiry = clock.every(500, () => this.#expireLeases());
  }

  async range(request: RangeRequest): Promise<WithHeader<RangeResult>> {
    this.#checkOpen();
    checkRange(request);
    return { ...this.mvcc.range(request), header: this.#header() };
  }

  async put(request: PutRequest): Promise<WithHeader<PutResult>> {
    checkPut(request);
    return this.#apply(() => this.mvcc.put(request));
  }

  async deleteRange(request: DeleteRangeRequest): Promise<WithHeader<DeleteRangeResult>> {
    checkDeleteRange(request);
    return this.#apply(() => this.mvcc.deleteRange(request));
  }

  async txn(request: TxnRequest): Promise<WithHeader<TxnResult>> {
    checkTxn(request, { maxTxnOps });
    return this.#apply(() => this.mvcc.txn(request));
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    this.mvcc.compact(revision);
    for (const _ of this.mvcc.compactionSteps());
  }

  watch(request: WatchRequest, handler: WatchHandler): KvWatch {
    const soon = (fn: () => void): void => {
      this.#clock.soon(() => {
        if (!ended) fn();
      });
    };
    let ended = false;
    const watched = { ...request, key: request.key === '' ? '\0' : request.key };
    const watcher: Watcher = this.#hub.add(watched, {
      events: (events, revision) => {
        soon(() => handler.events(events, this.#header(revision)));
        return true;
      },
      compacted: (compactRevision) => {
        soon(() => {
          ended = true;
          const text = 'etcdserver: mvcc: required revision has been compacted';
          handler.ended(new QuorateError('expired', text), compactRevision);
        });
      },
    });
    const created = this.#header();
    soon(() => handler.created?.(created));
    soon(() => this.#catchUp());
    return {
      requestProgress: () => {
        soon(() => {
          this.#catchUp();
          // After what `catchUp` has just handed over.
          const upTo = this.#header(this.#hub.progress(watcher));
          soon(() => handler.progress?.(upTo));
        });
      },
      cancel: () => {
        ended = true;
        this.#hub.remove(watcher);
      },
    };
  }

  async leaseGrant(request: LeaseGrantRequest): Promise<{ id: LeaseId; ttlSeconds: number }> {
    this.#checkOpen();
    const ttlSeconds = checkLeaseGrant(request, { minTtlSeconds });
    let id = request.id ?? 0n;
    while (id === 0n || (!request.id && this.mvcc.leases.has(id))) id = ++this.#lastLease;
    this.mvcc.leaseGrant(id, ttlSeconds);
    this.mvcc.leases.schedule(this.#clock.monotonic());
    return { id, ttlSeconds };
  }

  async leaseRevoke(id: LeaseId): Promise<void> {
    this.#apply(() => this.mvcc.leaseRevoke(id));
  }

  async leaseKeepAlive(id: LeaseId): Promise<number> {
    this.#checkOpen();
    return this.mvcc.leases.renew(id, this.#clock.monotonic()) ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#expiry.cancel();
  }

  #apply<T>(operation: () => Applied<T>): WithHeader<T> {
    this.#checkOpen();
    const { result, revision, events } = operation();
    this.#hub.notify(revision, events);
    return { ...result, header: this.#header(revision) };
  }

  #catchUp(): void {
    while (this.#hub.syncSlice(sliceEvents));
  }

  #expireLeases(): void {
    const { leases } = this.mvcc;
    for (const id of leases.expired(this.#clock.monotonic(), Infinity)) {
      this.#apply(() => this.mvcc.leaseRevoke(id));
    }
  }

  #header(revision = this.mvcc.revision): ResponseHeader {
    return { clusterId: 1n, memberId: 1n, revision, raftTerm: 1 };
  }

  #checkOpen(): void {
    if (this.#closed) throw new QuorateError('unavailable', 'etcdserver: server stopped');
  }
}
