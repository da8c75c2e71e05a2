import type { Clock, Timer } from '#shared/clock';

interface Stop {
  /** On the clock's monotonic time. */
  readonly killAtMs: number;
  readonly timer: Timer;
}

type SendSignal = (id: string, signal: NodeJS.Signals) => Promise<void>;

/** Containers that have been told to end: SIGTERM once, SIGKILL at the earliest time asked for. */
export class Stops {
  readonly #clock: Clock;
  readonly #send: SendSignal;
  readonly #stops = new Map<string, Stop>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  constructor(clock: Clock, send: SendSignal) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Resolves when `exited` is called for it; rejects where the signal cannot be sent. */
  async stop(id: string, graceMs: number): Promise<void> {
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    const killAtMs = this.#clock.monotonic() + graceMs;
    const earlier = this.#stops.get(id);
    if (!earlier || killAtMs < earlier.killAtMs) {
      earlier?.timer.cancel();
      const kill = (): void => {
        this.#send(id, 'SIGKILL').catch((error: unknown) => waiting.reject(error));
      };
      this.#stops.set(id, { killAtMs, timer: this.#clock.after(graceMs, kill) });
    }
    if (!earlier) await this.#send(id, 'SIGTERM');
    await waiting.promise;
  }

  exited(id: string): void {
    this.#stops.get(id)?.timer.cancel();
    this.#stops.delete(id);
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  /** No more kills from here; what waits stays waiting. */
  close(): void {
    for (const { timer } of this.#stops.values()) timer.cancel();
  }
}
