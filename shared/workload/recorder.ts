import { QuorateError } from '#shared/base';
import type { Answer, Call, History, Operation, Remark, Watch, WatchMessage } from '#shared/checks';
import type { KvClient, KvWatch } from '#shared/client';
import { type Clock, systemClock } from '#shared/clock';
import type { RangeRequest } from '#shared/mvcc';
import { wasNeverSent } from '#shared/rpc';
import {
  deleteAnswer,
  deleteCall,
  kvOf,
  putAnswer,
  putCall,
  rangeAnswer,
  rangeCall,
  txnAnswer,
  txnCall,
} from './to-history.ts';

/** Errors after which a write may have happened, or may still. */
const unknownCodes = [
  'unavailable',
  'deadline-exceeded',
  'canceled',
  'unknown',
  'internal',
] as const;

type RecordedWatch = Omit<Watch, 'messages' | 'awaitedRevision'> & {
  readonly messages: WatchMessage[];
  awaitedRevision?: number;
};

/** Writes down what clients ask and are told, on one clock. */
export class Recorder {
  readonly #clock: Clock;
  readonly #operations: Operation[] = [];
  readonly #watches: RecordedWatch[] = [];
  readonly #recorded = new WeakMap<KvWatch, RecordedWatch>();
  readonly #remarks: Remark[] = [];
  readonly #startMs: number;
  #clients = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startMs = clock.monotonic();
  }

  /** What has been recorded; operations that have not returned are unknown. */
  get history(): History {
    return {
      operations: [...this.#operations],
      watches: [...this.#watches],
      remarks: [...this.#remarks],
    };
  }

  get operations(): number {
    return this.#operations.length;
  }

  /** How long after `sinceMs` the first write was acknowledged that began then or later. */
  firstWrite(from: number, sinceMs: number): number | undefined {
    for (const { call, outcome, returnedMs, invokedMs } of this.#operations.slice(from)) {
      const write = call.type === 'put' || call.type === 'delete';
      if (write && outcome === 'ok' && invokedMs >= sinceMs) return (returnedMs ?? 0) - sinceMs;
    }
    return undefined;
  }

  newClient(): number {
    return ++this.#clients;
  }

  nowMs(): number {
    return Math.round((this.#clock.monotonic() - this.#startMs) * 1000) / 1000;
  }

  /** Something was done to the cluster from then until now. */
  remark(text: string, fromMs = this.nowMs()): void {
    this.#remarks.push({ fromMs, toMs: this.nowMs(), text });
  }

  /** The watch was given the time to hear everything up to there. */
  mustHaveHeard(watch: KvWatch, revision: number): void {
    const recorded = this.#recorded.get(watch);
    if (recorded) recorded.awaitedRevision = revision;
  }

  /** Runs one call and writes it down; rejects as the call does. */
  async record<T>(
    who: { readonly client: number; readonly endpoint?: string | undefined },
    call: Call,
    run: () => Promise<T>,
    answerOf: (result: T) => Answer,
    refused?: (error: QuorateError) => Answer | undefined,
  ): Promise<T> {
    const invokedMs = this.nowMs();
    const at = this.#operations.length;
    const asked = { ...who, call, invokedMs };
    // An operation that never returns stays as it is written down here.
    this.#operations.push({ ...asked, outcome: 'unknown', error: 'it has not returned' });
    try {
      const result = await run();
      const answer = answerOf(result);
      this.#operations[at] = { ...asked, returnedMs: this.nowMs(), outcome: 'ok', answer };
      return result;
    } catch (thrown) {
      this.#operations[at] = { ...asked, returnedMs: this.nowMs(), ...outcomeOf(thrown, refused) };
      throw thrown;
    }
  }

  /** The same client, with what it does written down as `client`'s. */
  kv(kv: KvClient, endpoint?: string): KvClient {
    const who = { client: this.newClient(), endpoint };
    const at = ({ header }: { header: { revision: number } }): Answer => ({
      revision: header.revision,
    });
    return {
      compact: (revision) => kv.compact(revision),
      leaseGrant: (request) => kv.leaseGrant(request),
      leaseKeepAlive: (id) => kv.leaseKeepAlive(id),
      close: () => kv.close(),
      range: (request: RangeRequest) =>
        this.record(
          who,
          rangeCall(request),
          () => kv.range(request),
          (got) => ({ ...at(got), ...rangeAnswer(got) }),
        ),
      put: (request) =>
        this.record(
          who,
          putCall(request),
          () => kv.put(request),
          (got) => ({ ...at(got), ...putAnswer(got) }),
        ),
      deleteRange: (request) =>
        this.record(
          who,
          deleteCall(request),
          () => kv.deleteRange(request),
          (got) => ({ ...at(got), ...deleteAnswer(got, request) }),
        ),
      txn: (request) =>
        this.record(
          who,
          txnCall(request),
          () => kv.txn(request),
          (got) => ({ ...at(got), ...txnAnswer(got, request) }),
        ),
      leaseRevoke: (id) =>
        this.record(
          who,
          { type: 'lease-revoke', lease: String(id) },
          () => kv.leaseRevoke(id),
          () => ({}),
        ),
      watch: (request, handler) => {
        const { key, rangeEnd, startRevision, prevKv, filters } = request;
        const asked = { client: who.client, key, rangeEnd, startRevision, prevKv, filters };
        const recorded: RecordedWatch = { ...asked, messages: [] };
        this.#watches.push(recorded);
        const watch = kv.watch(request, this.#listening(recorded.messages, handler));
        this.#recorded.set(watch, recorded);
        return watch;
      },
    };
  }

  #listening(
    messages: WatchMessage[],
    handler: Parameters<KvClient['watch']>[1],
  ): Parameters<KvClient['watch']>[1] {
    return {
      created: (header) => {
        // A client that resumes by itself is told again, which is no news to its user.
        if (messages.length === 0) {
          messages.push({ type: 'created', atMs: this.nowMs(), revision: header.revision });
        }
        handler.created?.(header);
      },
      events: (events, header) => {
        const told = events.map(({ type, kv, prevKv }) => ({
          type,
          kv: kvOf(kv),
          prevKv: prevKv && kvOf(prevKv),
        }));
        messages.push({
          type: 'events',
          atMs: this.nowMs(),
          revision: header.revision,
          events: told,
        });
        handler.events(events, header);
      },
      progress: (header) => {
        messages.push({ type: 'progress', atMs: this.nowMs(), revision: header.revision });
        handler.progress?.(header);
      },
      ended: (error, compactRevision) => {
        messages.push({ type: 'ended', atMs: this.nowMs(), error: error.message, compactRevision });
        handler.ended(error, compactRevision);
      },
    };
  }
}

function outcomeOf(
  thrown: unknown,
  refused: ((error: QuorateError) => Answer | undefined) | undefined,
): Pick<Operation, 'outcome' | 'answer' | 'error'> {
  const error = QuorateError.from(thrown);
  const answer = refused?.(error);
  if (answer) return { outcome: 'ok', answer };
  const unknown = unknownCodes.some((code) => code === error.code) && !wasNeverSent(error);
  return { outcome: unknown ? 'unknown' : 'failed', error: error.message };
}
