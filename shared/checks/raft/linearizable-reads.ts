import { BrokenPromise } from './broken-promise.ts';

/** A read sees at least what anybody knew to be committed when it was asked for (thesis, 6.4). */
export class LinearizableReads {
  readonly #asked = new Map<number, number>();

  asked(context: number, committedAnywhere: number): void {
    this.#asked.set(context, committedAnywhere);
  }

  answered(context: number, index: number): void {
    const least = this.#asked.get(context);
    if (least === undefined) throw new BrokenPromise(`read ${context} was never asked for`);
    if (index < least) {
      throw new BrokenPromise(
        `read ${context} sees ${index}, but ${least} was committed before it`,
      );
    }
  }
}
