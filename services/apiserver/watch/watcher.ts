import { QuorateError } from '#shared/base';
import type { KubeObject } from '#shared/api';
import type { WatchEvent } from '#shared/client';
import type { Key } from '#shared/mvcc';

/** A watcher this far behind is cut off: its client lists again. Holds references, not copies. */
const maxPending = 10_000;

/** What a watcher wants; `before` or `after` absent: the object is created or deleted. */
export interface WatchScope {
  readonly allowBookmarks: boolean;
  /** Keys in [low, high): one key, or those with a prefix. */
  readonly low: Key;
  readonly high: Key;
  matches(object: KubeObject): boolean;
}

/** A change of one object, seen the same by every watcher. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  /** The last state at the deletion's revision: what a DELETED event shows. Made when first needed. */
  readonly farewell: () => KubeObject;
}

export interface WatcherStart {
  /** Changes up to here are known to the client already. */
  readonly after: number;
  /** What comes first, as ADDED. */
  readonly initial: readonly KubeObject[];
  /** A bookmark after the last of them. */
  readonly endOfInitial?: KubeObject | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onClose: (watcher: Watcher) => void;
}

interface Waiter {
  resolve(result: IteratorResult<WatchEvent, undefined>): void;
  reject(error: Error): void;
}

const done: IteratorResult<WatchEvent, undefined> = { done: true, value: undefined };

/**
 * One API watch: a bounded queue between the cache, which pushes, and one consumer, which pulls.
 * An iterator by hand: a change goes to thousands of these, and each generator in between would
 * cost several turns per event.
 */
export class Watcher implements AsyncIterableIterator<WatchEvent, undefined> {
  readonly scope: WatchScope;
  readonly #start: WatcherStart;
  readonly #initial: Iterator<KubeObject>;
  #endOfInitial: KubeObject | undefined;
  #pending: WatchEvent[] = [];
  /** Events of `#pending` that were taken already. */
  #taken = 0;
  #error: QuorateError | undefined;
  #closed = false;
  #waiter: Waiter | undefined;
  readonly #abort = (): void => this.close();

  constructor(scope: WatchScope, start: WatcherStart) {
    this.scope = scope;
    this.#start = start;
    this.#initial = start.initial[Symbol.iterator]();
    this.#endOfInitial = start.endOfInitial;
    start.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  push(change: Change): void {
    const { key, revision } = change;
    if (revision <= this.#start.after || key < this.scope.low || key >= this.scope.high) return;
    const event = this.#eventFor(change);
    if (event) this.#enqueue(event);
  }

  bookmark(object: KubeObject): void {
    // One that nobody took yet says it already, and a slow client needs no more of them.
    const last = this.#pending[this.#pending.length - 1];
    if (this.scope.allowBookmarks && last?.type !== 'BOOKMARK') {
      this.#enqueue({ type: 'BOOKMARK', object });
    }
  }

  /** Ends the watch at once with an error; what is queued is dropped, since the client starts over. */
  fail(error: QuorateError): void {
    if (this.#closed) return;
    const waiter = this.#waiter;
    if (!waiter) this.#error = error;
    this.#end();
    waiter?.reject(error);
  }

  /** Ends the watch quietly. */
  close(): void {
    if (this.#closed) return;
    const waiter = this.#waiter;
    this.#end();
    waiter?.resolve(done);
  }

  /** One call at a time, as `for await` does. */
  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    if (this.#error) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.resolve(done);
    const value = this.#take();
    if (value) return Promise.resolve({ done: false, value });
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.close();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): WatchEvent | undefined {
    const first = this.#initial.next();
    if (!first.done) return { type: 'ADDED', object: first.value };
    const object = this.#endOfInitial;
    if (object) {
      this.#endOfInitial = undefined;
      return { type: 'BOOKMARK', object };
    }
    const event = this.#pending[this.#taken];
    if (!event) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#pending.length) {
      this.#pending = [];
      this.#taken = 0;
    }
    return event;
  }

  #end(): void {
    this.#closed = true;
    this.#pending = [];
    this.#taken = 0;
    this.#waiter = undefined;
    this.#start.signal?.removeEventListener('abort', this.#abort);
    this.#start.onClose(this);
  }

  /** Kubernetes' view through a selector: entering it is ADDED, leaving it is DELETED. */
  #eventFor({ before, after, farewell }: Change): WatchEvent | undefined {
    const did = before !== undefined && this.scope.matches(before);
    const does = after !== undefined && this.scope.matches(after);
    if (does) return { type: did ? 'MODIFIED' : 'ADDED', object: after };
    return did ? { type: 'DELETED', object: farewell() } : undefined;
  }

  #enqueue(event: WatchEvent): void {
    if (this.#closed) return;
    const waiter = this.#waiter;
    if (waiter) {
      // Somebody waits only where nothing is queued.
      this.#waiter = undefined;
      waiter.resolve({ done: false, value: event });
      return;
    }
    if (this.#pending.length - this.#taken >= maxPending) {
      this.fail(new QuorateError('expired', 'the watch was too slow and was ended; list again'));
      return;
    }
    this.#pending.push(event);
  }
}
