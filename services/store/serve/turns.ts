import { storeErrors } from '../errors.ts';

/** Work of one kind, of which no more than so many goes on at a time. */
export class Turns {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** More than `maxWaiting` beside those are refused. */
  constructor(atOnce: number, maxWaiting: number) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#maxWaiting) throw storeErrors.tooManyRequests();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      // The turn is handed on, or given up.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
