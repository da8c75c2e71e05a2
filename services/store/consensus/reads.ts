import { storeErrors } from '../errors.ts';

interface Waiter {
  readonly startedMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Request {
  readonly context: number;
  readonly waiters: Waiter[];
  readonly askedMs: number;
}

interface IndexedRead {
  readonly index: number;
  readonly waiters: Waiter[];
}

export interface ReadsOptions {
  readonly timeoutMs: number;
  /** A request without an answer is asked again after this: its messages may be lost. */
  readonly retryMs: number;
  readonly readIndex: (context: number) => boolean;
}

/**
 * Linearizable reads (thesis, section 6.4). Everything that waits when a turn ends shares one
 * read-index request; reads that arrive later may not join it, for it may be older than they are.
 */
export class Reads {
  readonly #options: ReadsOptions;
  #waiting: Waiter[] = [];
  /** In the order they were asked: there are few. */
  #asked: Request[] = [];
  /** Answered, waiting for the index to be applied. */
  #indexed: IndexedRead[] = [];
  /** Requests without an answer in time, and reads given up. */
  slow = 0;
  failed = 0;
  #nextContext: number;
  #applied: number;

  constructor(options: ReadsOptions, firstContext: number, applied: number) {
    this.#options = options;
    this.#nextContext = firstContext;
    this.#applied = applied;
  }

  /** Resolves when this member's state includes everything that was committed at the call. */
  wait(nowMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ startedMs: nowMs, resolve, reject });
    });
  }

  get needsAsking(): boolean {
    return this.#waiting.length > 0;
  }

  /** Some have been asked for and are not answered. */
  get underWay(): boolean {
    return this.#asked.length > 0;
  }

  /** At the end of a turn: asks for all that wait. Without a leader they wait on. */
  ask(nowMs: number): void {
    if (this.#waiting.length === 0) return;
    const context = this.#nextContext++;
    if (!this.#options.readIndex(context)) return;
    this.#asked.push({ context, waiters: this.#waiting, askedMs: nowMs });
    this.#waiting = [];
  }

  answered(context: number, index: number): void {
    const at = this.#asked.findIndex((request) => request.context === context);
    const [request] = at < 0 ? [] : this.#asked.splice(at, 1);
    if (!request) return;
    if (index <= this.#applied) for (const waiter of request.waiters) waiter.resolve();
    else this.#indexed.push({ index, waiters: request.waiters });
  }

  applied(index: number): void {
    this.#applied = index;
    if (this.#indexed.length === 0) return;
    const still: IndexedRead[] = [];
    for (const read of this.#indexed) {
      if (read.index > index) still.push(read);
      else for (const waiter of read.waiters) waiter.resolve();
    }
    this.#indexed = still;
  }

  /** Another leader: what was asked of the last one is asked again. */
  leaderChanged(): void {
    this.#askAgain(this.#asked);
    this.#asked = [];
  }

  #askAgain(requests: readonly Request[]): void {
    for (const { waiters } of requests) for (const waiter of waiters) this.#waiting.push(waiter);
  }

  /** Gives up what has waited too long, and asks again what was not answered. */
  expire(nowMs: number): void {
    const { retryMs } = this.#options;
    const slow = this.#asked.filter(({ askedMs }) => nowMs - askedMs >= retryMs);
    if (slow.length > 0) this.#asked = this.#asked.filter((request) => !slow.includes(request));
    this.slow += slow.length;
    this.#askAgain(slow);
    this.#waiting = this.#waiting.filter((waiter) => this.#keep(waiter, nowMs));
    this.#indexed = this.#indexed
      .map((read) => ({ ...read, waiters: read.waiters.filter((w) => this.#keep(w, nowMs)) }))
      .filter((read) => read.waiters.length > 0);
  }

  stop(): void {
    const all = [
      ...this.#waiting,
      ...this.#asked.flatMap(({ waiters }) => waiters),
      ...this.#indexed.flatMap(({ waiters }) => waiters),
    ];
    this.#waiting = [];
    this.#asked = [];
    this.#indexed = [];
    for (const waiter of all) waiter.reject(storeErrors.stopped());
  }

  #keep(waiter: Waiter, nowMs: number): boolean {
    if (nowMs - waiter.startedMs < this.#options.timeoutMs) return true;
    this.failed++;
    waiter.reject(storeErrors.timedOut());
    return false;
  }
}
