import type { Clock, Timer } from '#shared/clock';

const baseDelayMs = 5;
/** Kubernetes waits up to 1,000 s; a lab wants to see the next attempt. */
const maxDelayMs = 5_000;

/** What a reconcile that did not throw says: done, or look at the key again. */
export type ReconcileResult = { readonly requeueAfterMs: number } | undefined | void;

export interface WorkQueue {
  /** Keys that wait to be worked on now. */
  readonly length: number;
  add(key: string): void;
  /** Adds the key in `ms`; of several such times the earliest counts. */
  addAfter(key: string, ms: number): void;
  /**
   * Works on the keys until `signal` aborts and what is in work is done. One key is never in work
   * twice at once; a key added while it is in work is worked on again. A reconcile that throws is
   * repeated after 5 ms, then twice as long each time up to 5 s.
   */
  run(
    workers: number,
    reconcile: (key: string) => Promise<ReconcileResult>,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Told of every reconcile that threw, with how often in a row. */
  readonly onError?: (key: string, thrown: unknown, failures: number) => void;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new Queue(options);
}

class Queue implements WorkQueue {
  readonly #options: WorkQueueOptions;
  /** In order of arrival; never holds a key that is in work. */
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  /** Added again while in work. */
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { at: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#working.has(key)) this.#again.add(key);
    else this.#ready.add(key);
    this.#idle.shift()?.();
  }

  addAfter(key: string, ms: number): void {
    const { clock } = this.#options;
    const at = clock.monotonic() + ms;
    const waiting = this.#later.get(key);
    if (waiting && waiting.at <= at) return;
    waiting?.timer.cancel();
    const timer = clock.after(ms, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { at, timer });
  }

  async run(
    workers: number,
    reconcile: (key: string) => Promise<ReconcileResult>,
    signal: AbortSignal,
  ): Promise<void> {
    const wakeAll = (): void => {
      for (const wake of this.#idle.splice(0)) wake();
    };
    signal.addEventListener('abort', wakeAll, { once: true });
    const loops = Array.from({ length: workers }, () => this.#work(reconcile, signal));
    await Promise.all(loops);
    signal.removeEventListener('abort', wakeAll);
    for (const { timer } of this.#later.values()) timer.cancel();
    this.#later.clear();
  }

  async #work(
    reconcile: (key: string) => Promise<ReconcileResult>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const [key] = this.#ready;
      if (key === undefined) {
        await new Promise<void>((wake) => this.#idle.push(wake));
        continue;
      }
      this.#ready.delete(key);
      this.#working.add(key);
      await this.#process(key, reconcile);
      this.#working.delete(key);
      if (this.#again.delete(key)) this.add(key);
    }
  }

  async #process(key: string, reconcile: (key: string) => Promise<ReconcileResult>): Promise<void> {
    try {
      const result = await reconcile(key);
      this.#failures.delete(key);
      if (result) this.addAfter(key, result.requeueAfterMs);
    } catch (thrown) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#options.onError?.(key, thrown, failures);
      this.addAfter(key, Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1)));
    }
  }
}
