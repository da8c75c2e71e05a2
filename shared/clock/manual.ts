import type { Clock, Timer } from './clock.ts';
import { sleepOn } from './sleep.ts';

interface Pending {
  at: number;
  readonly order: number;
  readonly fn: () => void;
  readonly everyMs: number | undefined;
}

/** A clock that stands still until it is moved: for unit tests and the simulator. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, fn: () => void): Timer {
    return this.#add(ms, fn, undefined);
  }

  every(ms: number, fn: () => void): Timer {
    return this.#add(ms, fn, ms);
  }

  soon(fn: () => void): Timer {
    return this.#add(0, fn, undefined);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Moves time on by `ms`, making every call that comes due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    for (;;) {
      // Let promises settle first: they may schedule what is due within this step.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      const next = this.#nextDue(until);
      if (next === undefined) break;
      this.#moveTo(next.at);
      if (next.everyMs === undefined) this.#pending.delete(next);
      else next.at += next.everyMs;
      next.fn();
    }
    this.#moveTo(until);
  }

  #moveTo(at: number): void {
    this.#now += at - this.#elapsed;
    this.#elapsed = at;
  }

  #add(ms: number, fn: () => void, everyMs: number | undefined): Timer {
    const at = this.#elapsed + Math.max(0, ms);
    const entry: Pending = { at, order: this.#order++, fn, everyMs };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  #nextDue(until: number): Pending | undefined {
    let best: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.at > until) continue;
      if (!best || entry.at < best.at || (entry.at === best.at && entry.order < best.order)) {
        best = entry;
      }
    }
    return best;
  }
}
