import type { Clock } from '#shared/clock';
import type { Counters } from '../metrics/counters.ts';
import type { StateMachine } from '../state/state-machine.ts';

export interface CompactionParts {
  readonly state: StateMachine;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Keys to look at and records to delete in one step, about. */
  readonly batchLimit: number;
}

/** The deletion of what a compaction left behind, a step at a time while nothing else is to be done. */
export class CompactionSteps {
  readonly #parts: CompactionParts;
  #underWay: Generator<void, void> | undefined;
  #ms = 0;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
  }

  /** The state has been replaced as a whole. */
  forget(): void {
    this.#underWay = undefined;
  }

  /** True: there is more of it to do. */
  next(): boolean {
    const { state, clock, counters, batchLimit } = this.#parts;
    if (!state.mvcc.compactionPending && !this.#underWay) return false;
    const startedMs = clock.monotonic();
    this.#underWay ??= state.mvcc.compactionSteps(batchLimit);
    const { done } = this.#underWay.next();
    const ms = clock.monotonic() - startedMs;
    counters.compactionStep.observe(ms);
    this.#ms += ms;
    if (!done) return true;
    counters.compaction.observe(this.#ms);
    counters.compactedAtMs = clock.now();
    this.#ms = 0;
    this.#underWay = undefined;
    return false;
  }
}
