import { QuorateError } from '#shared/base';
import type { KvClient, KvWatch, WatchHandler } from '#shared/client';
import type { Event, Watcher, WatchRequest, WatchSink } from '#shared/mvcc';
import type { Caller } from '../auth/caller.ts';
import { headerAt, type Serving } from './context.ts';
import type { Kv } from './kv.ts';
import type { Leases } from './leases.ts';

/**
 * The store as its own process uses it: the same contract, nothing serialized. Everything is asked on
 * behalf of `caller`.
 */
export function createInProcessClient(
  serving: Serving,
  kv: Kv,
  leases: Leases,
  progress: ProgressRequests,
  caller: Caller,
): KvClient {
  return {
    range: (request) => kv.range(request, caller),
    put: (request) => kv.put(request, caller),
    deleteRange: (request) => kv.deleteRange(request, caller),
    txn: (request) => kv.txn(request, caller),
    compact: async (revision) => {
      await kv.compact(revision, false, caller);
    },
    watch: (request, handler) => watch(serving, request, handler, progress, caller),
    leaseGrant: async (request) => {
      const { id, ttlSeconds } = await leases.grant(request, caller);
      return { id, ttlSeconds };
    },
    leaseRevoke: async (id) => {
      await leases.revoke(id, caller);
    },
    leaseKeepAlive: (id) => leases.renew(id, caller),
    // The store outlives its clients.
    close: () => Promise.resolve(),
  };
}

function watch(
  serving: Serving,
  request: WatchRequest,
  handler: WatchHandler,
  progress: ProgressRequests,
  caller: Caller,
): KvWatch {
  try {
    serving.state.authority.checkRead(caller, request.key, request.rangeEnd);
  } catch (thrown) {
    queueMicrotask(() => handler.ended(QuorateError.from(thrown)));
    return { requestProgress: () => undefined, cancel: () => undefined };
  }
  return new InProcessWatch(serving, request, handler, progress);
}

/** Watches that wait to hear that they have everything; looked at whenever the hub has moved on. */
export class ProgressRequests {
  readonly #waiting = new Set<() => boolean>();

  /** `answer` says whether it could. */
  add(answer: () => boolean): void {
    if (!answer()) this.#waiting.add(answer);
  }

  look(): void {
    for (const answer of this.#waiting) if (answer()) this.#waiting.delete(answer);
  }
}

type Delivery = () => void;

/** Deliveries are made after the slice of applying that caused them, never within it. */
class InProcessWatch implements KvWatch, WatchSink {
  readonly #serving: Serving;
  readonly #handler: WatchHandler;
  readonly #watcher: Watcher;
  readonly #progress: ProgressRequests;
  #deliveries: Delivery[] = [];
  #over = false;

  constructor(
    serving: Serving,
    request: WatchRequest,
    handler: WatchHandler,
    progress: ProgressRequests,
  ) {
    this.#serving = serving;
    this.#handler = handler;
    this.#progress = progress;
    const header = headerAt(serving, serving.state.hub.revision);
    this.#deliver(() => handler.created?.(header));
    this.#watcher = serving.state.hub.add(request, this);
    if (!this.#watcher.synced) serving.node.wakeIdle();
  }

  events(events: readonly Event[], revision: number): boolean {
    const header = headerAt(this.#serving, revision);
    this.#deliver(() => this.#handler.events(events, header));
    return true;
  }

  compacted(compactRevision: number): void {
    this.#deliver(() => {
      this.#over = true;
      const text = 'etcdserver: mvcc: required revision has been compacted';
      this.#handler.ended(new QuorateError('expired', text), compactRevision);
    });
  }

  requestProgress(): void {
    this.#progress.add(() => {
      if (this.#over) return true;
      if (!this.#watcher.synced) return false;
      const header = headerAt(this.#serving, this.#serving.state.hub.revision);
      this.#deliver(() => this.#handler.progress?.(header));
      return true;
    });
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#serving.state.hub.remove(this.#watcher);
  }

  #deliver(delivery: Delivery): void {
    this.#deliveries.push(delivery);
    if (this.#deliveries.length > 1) return;
    queueMicrotask(() => {
      // Those that a delivery causes are made too, in order.
      for (let i = 0; i < this.#deliveries.length; i++) {
        if (!this.#over) this.#deliveries[i]?.();
      }
      this.#deliveries = [];
    });
  }
}
