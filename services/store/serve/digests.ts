import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { HashKvResult } from '#shared/mvcc';
import type { Counters } from '../metrics/counters.ts';
import type { StateMachine } from '../state/state-machine.ts';

const recordsPerStep = 500;
/** A compaction makes a digest begin again; more of them than this in a row are somebody's error. */
const attempts = 5;

interface Parts {
  readonly state: StateMachine;
  readonly clock: Clock;
  readonly counters: Counters;
}

/** Digests of this member's data, made a few records at a time between other work. */
export class Digests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Up to `revision`, 0: to the newest one. Asks nobody else: also answers without a quorum. */
  async upTo(revision: number): Promise<HashKvResult> {
    const { clock, counters } = this.#parts;
    const startedMs = clock.monotonic();
    const digest = await this.#upTo(revision);
    const took = revision === 0 ? counters.hash : counters.hashOfRevision;
    took.observe(clock.monotonic() - startedMs);
    return digest;
  }

  /** Of everything that is replicated; comparable where nothing is written meanwhile. */
  async ofAll(): Promise<number> {
    const kv = await this.#upTo(0);
    return this.#parts.state.mvcc.hash(kv);
  }

  async #upTo(revision: number): Promise<HashKvResult> {
    for (let attempt = 1; ; attempt++) {
      const { mvcc } = this.#parts.state;
      const before = mvcc.compactRevision;
      try {
        return await this.#drive(mvcc.hashKvSteps(revision, recordsPerStep));
      } catch (thrown) {
        const moved = this.#parts.state.mvcc !== mvcc || mvcc.compactRevision !== before;
        if (!moved || attempt === attempts || !(thrown instanceof QuorateError)) throw thrown;
      }
    }
  }

  async #drive(steps: Generator<void, HashKvResult>): Promise<HashKvResult> {
    const { state, clock } = this.#parts;
    const { mvcc } = state;
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await new Promise<void>((resolve) => {
        clock.soon(resolve);
      });
      if (state.mvcc !== mvcc) throw new QuorateError('unavailable', 'a snapshot was installed');
    }
  }
}
