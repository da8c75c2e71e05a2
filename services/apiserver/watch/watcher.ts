import { QuorateError } from '#shared/base';
import type { KubeObject } from '#shared/api';
import type { WatchEvent } from '#shared/client';

/** A watcher this far behind is cut off: its client lists again. Holds references, not copies. */
const maxPending = 10_000;

/** What a watcher wants; `before` or `after` absent: the object is created or deleted. */
export interface WatchScope {
  readonly allowBookmarks: boolean;
  /** Only this key, or keys with this prefix. */
  inScope(key: string): boolean;
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

/** One API watch: a bounded queue between the cache, which pushes, and one consumer, which pulls. */
export class Watcher implements AsyncIterable<WatchEvent> {
  readonly scope: WatchScope;
  /** Changes up to here are known to the client already. */
  readonly #after: number;
  #initial: readonly KubeObject[];
  #pending: WatchEvent[] = [];
  #error: QuorateError | undefined;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #onClose: (watcher: Watcher) => void;

  constructor(
    scope: WatchScope,
    start: { after: number; initial: readonly KubeObject[] },
    onClose: (watcher: Watcher) => void,
  ) {
    this.scope = scope;
    this.#after = start.after;
    this.#initial = start.initial;
    this.#onClose = onClose;
  }

  push(change: Change): void {
    if (change.revision <= this.#after || !this.scope.inScope(change.key)) return;
    const event = this.#eventFor(change);
    if (event) this.#enqueue(event);
  }

  bookmark(object: KubeObject): void {
    // One that nobody took yet says it already, and a slow client needs no more of them.
    if (this.scope.allowBookmarks && this.#pending.at(-1)?.type !== 'BOOKMARK') {
      this.#enqueue({ type: 'BOOKMARK', object });
    }
  }

  /** Ends the watch at once with an error; what is queued is dropped, since the client starts over. */
  fail(error: QuorateError): void {
    this.#error ??= error;
    this.#pending = [];
    this.#notify();
    this.#onClose(this);
  }

  /** Ends the watch quietly. */
  close(): void {
    this.#closed = true;
    this.#notify();
    this.#onClose(this);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void> {
    try {
      const initial = this.#initial;
      this.#initial = [];
      for (const object of initial) {
        if (this.#error || this.#closed) break;
        yield { type: 'ADDED', object };
      }
      for (;;) {
        if (this.#error) throw this.#error;
        if (this.#closed) return;
        if (this.#pending.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        yield* this.#take();
      }
    } finally {
      this.close();
    }
  }

  *#take(): Generator<WatchEvent, void> {
    const batch = this.#pending;
    this.#pending = [];
    for (const event of batch) {
      if (this.#error || this.#closed) return;
      yield event;
    }
  }

  /** Kubernetes' view through a selector: entering it is ADDED, leaving it is DELETED. */
  #eventFor({ before, after, farewell }: Change): WatchEvent | undefined {
    const did = before !== undefined && this.scope.matches(before);
    const does = after !== undefined && this.scope.matches(after);
    if (does) return { type: did ? 'MODIFIED' : 'ADDED', object: after };
    return did ? { type: 'DELETED', object: farewell() } : undefined;
  }

  #enqueue(event: WatchEvent): void {
    if (this.#error || this.#closed) return;
    if (this.#pending.length >= maxPending) {
      this.fail(new QuorateError('expired', 'the watch was too slow and was ended; list again'));
      return;
    }
    this.#pending.push(event);
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
