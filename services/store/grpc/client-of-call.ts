import { QuorateError } from '#shared/base';
import type { KvClient, KvWatch, WatchHandler } from '#shared/client';
import type { WatchRequest } from '#shared/mvcc';
import type { Caller } from '../auth/caller.ts';
import type { Identified } from './callers.ts';
import { type Gate, onBehalf } from './gate.ts';

/** Does one thing with the client of whoever calls. */
type Step = <T>(act: (kv: KvClient) => Promise<T>) => Promise<T>;

/**
 * The store on behalf of a call that takes many steps: users and roles may change while it waits, so who calls is
 * asked anew for each.
 */
export function clientOfCall(
  gate: Pick<Gate, 'callerOf'>,
  call: Identified,
  clientFor: (caller: Caller) => KvClient,
): KvClient {
  const step: Step = (act) => onBehalf(gate, call, (caller) => act(clientFor(caller)));
  return {
    range: (request) => step((kv) => kv.range(request)),
    put: (request) => step((kv) => kv.put(request)),
    deleteRange: (request) => step((kv) => kv.deleteRange(request)),
    txn: (request) => step((kv) => kv.txn(request)),
    compact: (revision) => step((kv) => kv.compact(revision)),
    watch: (request, handler) => new WatchOfCall(step, request, handler),
    leaseGrant: (request) => step((kv) => kv.leaseGrant(request)),
    leaseRevoke: (id) => step((kv) => kv.leaseRevoke(id)),
    leaseKeepAlive: (id) => step((kv) => kv.leaseKeepAlive(id)),
    close: () => Promise.resolve(),
  };
}

/** One that begins when it is known who calls. */
class WatchOfCall implements KvWatch {
  #watch: KvWatch | undefined;
  #over = false;

  constructor(step: Step, request: WatchRequest, handler: WatchHandler) {
    step((kv) => this.#begin(kv, request, handler)).catch((thrown: unknown) => {
      if (!this.#over) handler.ended(QuorateError.from(thrown));
    });
  }

  /** Rejects where it is refused. */
  #begin(kv: KvClient, request: WatchRequest, handler: WatchHandler): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        resolve();
        return;
      }
      let created = false;
      this.#watch = kv.watch(request, {
        created(header) {
          created = true;
          resolve();
          handler.created?.(header);
        },
        events: (events, header) => handler.events(events, header),
        progress: (header) => handler.progress?.(header),
        ended(error, compactRevision) {
          if (created) handler.ended(error, compactRevision);
          else reject(error);
        },
      });
    });
  }

  requestProgress(): void {
    this.#watch?.requestProgress();
  }

  cancel(): void {
    this.#over = true;
    this.#watch?.cancel();
  }
}
