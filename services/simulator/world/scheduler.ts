import { Heap } from '#shared/base';
import type { Timer } from '#shared/clock';
import { settle } from './microtasks.ts';
import type { SimProcess } from './process.ts';

class Task implements Timer {
  at: number;
  order: number;
  readonly process: SimProcess;
  readonly fn: () => void;
  readonly everyMs: number | undefined;
  cancelled = false;

  constructor(
    at: number,
    order: number,
    process: SimProcess,
    fn: () => void,
    everyMs: number | undefined,
  ) {
    this.at = at;
    this.order = order;
    this.process = process;
    this.fn = fn;
    this.everyMs = everyMs;
  }

  cancel(): void {
    this.cancelled = true;
  }
}

/** Steps at one point in time: more of them, and something never ends. */
const standsMax = 1_000_000;

/**
 * The one order in which everything in a simulated world happens: by time, then in the order it was
 * asked for. Time stands still while something happens, and jumps to the next event.
 */
export class Scheduler {
  #now = 0;
  #order = 0;
  #hash = 0x811c9dc5;
  #steps = 0;
  /** Steps since time has moved on. */
  #stands = 0;
  #stopped = false;
  readonly #later = new Heap<Task>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  /** Due now, at the end of this turn. */
  #soon: Task[] = [];
  #soonFrom = 0;

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Of everything that has happened: equal hash, equal run. */
  get hash(): number {
    return this.#hash;
  }

  get steps(): number {
    return this.#steps;
  }

  at(process: SimProcess, atMs: number, fn: () => void, everyMs?: number): Timer {
    const task = new Task(Math.max(atMs, this.#now), this.#order++, process, fn, everyMs);
    this.#later.push(task);
    return task;
  }

  soon(process: SimProcess, fn: () => void): Timer {
    const task = new Task(this.#now, this.#order++, process, fn, undefined);
    this.#soon.push(task);
    return task;
  }

  /** Makes a number part of the run's hash. */
  trace(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193) >>> 0;
  }

  stop(): void {
    this.#stopped = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Until that time, or until it is stopped. To be called outside of any promise. */
  run(untilMs: number): void {
    settle();
    while (!this.#stopped) {
      const task = this.#next(untilMs);
      if (!task) break;
      if (task.cancelled || !task.process.alive) continue;
      if (task.process.paused) {
        task.process.hold(() => this.#again(task));
        continue;
      }
      if (task.process.busyUntilMs > Math.max(this.#now, task.at)) {
        task.at = task.process.busyUntilMs;
        this.#later.push(task);
        continue;
      }
      this.#stands = task.at > this.#now ? 0 : this.#stands + 1;
      if (this.#stands > standsMax) throw new Error(`livelock: time stands still at ${this.#now}`);
      this.#now = Math.max(this.#now, task.at);
      this.#steps++;
      this.trace(Math.imul((this.#now * 1000) | 0, 31) + task.process.number);
      if (task.everyMs !== undefined) this.#repeat(task, task.everyMs);
      task.fn();
      settle();
    }
    this.#now = Math.max(this.#now, this.#stopped ? this.#now : untilMs);
  }

  #next(untilMs: number): Task | undefined {
    if (this.#soonFrom < this.#soon.length) {
      const task = this.#soon[this.#soonFrom++];
      if (this.#soonFrom === this.#soon.length) {
        this.#soon = [];
        this.#soonFrom = 0;
      }
      return task;
    }
    const task = this.#later.peek();
    return task && task.at <= untilMs ? this.#later.pop() : undefined;
  }

  #repeat(task: Task, everyMs: number): void {
    task.at = this.#now + everyMs;
    task.order = this.#order++;
    this.#later.push(task);
  }

  #again(task: Task): void {
    task.at = this.#now;
    task.order = this.#order++;
    this.#later.push(task);
  }
}
