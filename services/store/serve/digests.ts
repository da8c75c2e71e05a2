import { QuorateError } from '#shared/base';
import type { HashKvResult } from '#shared/mvcc';
import type { Serving } from './context.ts';

const recordsPerStep = 500;
/** A compaction makes a digest begin again; more of them than this in a row are somebody's error. */
const attempts = 5;

/** Digests of this member's data, made a few records at a time between other work. */
export class Digests {
  readonly #serving: Pick<Serving, 'state' | 'clock'>;

  constructor(serving: Pick<Serving, 'state' | 'clock'>) {
    this.#serving = serving;
  }

  /** Up to `revision`, 0: to the newest one. Asks nobody else: also answers without a quorum. */
  async upTo(revision: number): Promise<HashKvResult> {
    for (let attempt = 1; ; attempt++) {
      const { mvcc } = this.#serving.state;
      const before = mvcc.compactRevision;
      try {
        return await this.#drive(mvcc.hashKvSteps(revision, recordsPerStep));
      } catch (thrown) {
        const moved = this.#serving.state.mvcc !== mvcc || mvcc.compactRevision !== before;
        if (!moved || attempt === attempts || !(thrown instanceof QuorateError)) throw thrown;
      }
    }
  }

  async #drive(steps: Generator<void, HashKvResult>): Promise<HashKvResult> {
    const { state, clock } = this.#serving;
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
