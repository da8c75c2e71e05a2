import type { Clock, Timer } from '#shared/clock';

/** How long somebody waits for a cache to catch up with the store. */
export const catchUpMs = 3_000;
const askAgainMs = 100;

interface Waiter {
  readonly revision: number;
  readonly settle: (reached: boolean) => void;
}

/**
 * How far a collection's cache is, and who waits for it to get further. However many wait, the store
 * is asked for progress once, and again only for those that its answer did not reach.
 */
export class Progress {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #waiting = new Set<Waiter>();
  #revision = 0;
  #answered = 0;
  #asking: Timer | undefined;

  constructor(clock: Clock, ask: () => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Every change up to here is in the cache; 0 before the first load. */
  get revision(): number {
    return this.#revision;
  }

  /** False where the store's watch did not get there in time. */
  async wait(revision: number): Promise<boolean> {
    if (this.#revision >= revision) return true;
    return new Promise((resolve) => {
      const late = this.#clock.after(catchUpMs, () => waiter.settle(false));
      const settle = (reached: boolean): void => {
        this.#waiting.delete(waiter);
        late.cancel();
        this.#askWhileNeeded();
        resolve(reached);
      };
      const waiter: Waiter = { revision, settle };
      this.#waiting.add(waiter);
      if (!this.#asking) this.#ask();
      this.#askWhileNeeded();
    });
  }

  /** By events, which say nothing of what comes after them. */
  reached(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.settle(true);
  }

  /**
   * The store's answer to a question that may be older than some who wait. One that is no news is
   * not asked for again at once.
   */
  answered(revision: number): void {
    const news = revision > this.#answered;
    this.#answered = Math.max(this.#answered, revision);
    this.reached(revision);
    if (news && this.#waiting.size > 0) this.#ask();
  }

  /** Nobody will get there any more. */
  giveUp(): void {
    for (const waiter of this.#waiting) waiter.settle(false);
  }

  /** A store whose watchers lag leaves a request for progress unanswered, so ask again. */
  #askWhileNeeded(): void {
    if (this.#waiting.size === 0) {
      this.#asking?.cancel();
      this.#asking = undefined;
    } else this.#asking ??= this.#clock.every(askAgainMs, this.#ask);
  }
}
