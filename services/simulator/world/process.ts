/** One life of a process: when it is over, none of its timers and answers comes any more. */
export class SimProcess {
  readonly number: number;
  #alive = true;
  #paused = false;
  /** So far. */
  pauses = 0;
  #held: (() => void)[] = [];
  /** What it does now takes until then: what comes meanwhile has to wait. */
  busyUntilMs = 0;
  readonly #mourners = new Set<() => void>();

  constructor(number: number) {
    this.number = number;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  kill(): void {
    this.#alive = false;
    this.#held = [];
    for (const mourner of this.#mourners) mourner();
  }

  /** Called when it is killed; the result takes that back. */
  whenKilled(fn: () => void): () => void {
    this.#mourners.add(fn);
    return () => this.#mourners.delete(fn);
  }

  pause(): void {
    this.#paused = true;
    this.pauses++;
  }

  /** What was due meanwhile happens now, in its order. */
  resume(): void {
    this.#paused = false;
    const held = this.#held;
    this.#held = [];
    for (const again of held) again();
  }

  hold(again: () => void): void {
    this.#held.push(again);
  }
}
