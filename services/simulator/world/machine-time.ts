import { type Clock, sleepOn } from '#shared/clock';
import type { SimProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

const epochMs = Date.UTC(2026, 0, 1);

/** The time of one machine: it may jump, and run faster or slower than the world's. */
export class MachineTime {
  readonly #scheduler: Scheduler;
  #jumpedMs = 0;
  #rate = 1;
  #anchorWorldMs = 0;
  #anchorLocalMs = 0;
  /** What a look at the monotonic clock takes: whoever measures its work finds that it took time. */
  lookMs = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** Local milliseconds for each of the world's. */
  run(rate: number): void {
    this.#anchorLocalMs = this.elapsed();
    this.#anchorWorldMs = this.#scheduler.now;
    this.#rate = rate;
  }

  elapsed(atMs = this.#scheduler.now): number {
    return this.#anchorLocalMs + (atMs - this.#anchorWorldMs) * this.#rate;
  }

  #look(process: SimProcess): number {
    const { now } = this.#scheduler;
    if (this.lookMs > 0) process.busyUntilMs = Math.max(now, process.busyUntilMs) + this.lookMs;
    return this.elapsed(Math.max(now, process.busyUntilMs));
  }

  /** The `Clock` of a process on this machine. */
  clock(process: SimProcess): Clock {
    const scheduler = this.#scheduler;
    const clock: Clock = {
      now: () => Math.floor(epochMs + this.#jumpedMs + this.elapsed()),
      monotonic: () => this.#look(process),
      after: (ms, fn) => scheduler.at(process, scheduler.now + Math.max(0, ms) / this.#rate, fn),
      every: (ms, fn) =>
        scheduler.at(process, scheduler.now + ms / this.#rate, fn, ms / this.#rate),
      soon: (fn) => scheduler.soon(process, fn),
      sleep: (ms, signal) => sleepOn(clock, ms, signal),
    };
    return clock;
  }
}
