export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export type Verdict = 'success' | 'failure';

export interface Thresholds {
  /** Consecutive; at least 1. */
  readonly success: number;
  /** Consecutive; at least 1. */
  readonly failure: number;
}

/**
 * What a probe's results amount to: the verdict changes only after as many equal results in a row
 * as its threshold says.
 */
export class ProbeState {
  readonly #thresholds: Thresholds;
  #verdict: Verdict | undefined;
  #last: Verdict | undefined;
  #run = 0;

  constructor(thresholds: Thresholds, initial: Verdict | undefined) {
    this.#thresholds = thresholds;
    this.#verdict = initial;
  }

  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** True where the verdict is another one now. */
  add(result: Verdict): boolean {
    this.#run = result === this.#last ? this.#run + 1 : 1;
    this.#last = result;
    if (this.#run < this.#thresholds[result] || result === this.#verdict) return false;
    this.#verdict = result;
    return true;
  }
}
