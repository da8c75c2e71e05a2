import type { NodeId } from '#shared/raft';
import { BrokenPromise } from './broken-promise.ts';

/** No two members ever apply different entries at the same index (thesis, 3.6.3). */
export class StateMachineSafety {
  readonly #states = new Map<number, string>();

  /** The member's state after everything up to `index`, applied or installed. */
  reached(id: NodeId, index: number, state: string): void {
    const known = this.#states.get(index) ?? state;
    if (known !== state)
      throw new BrokenPromise(
        `${id} is in state "${state}" at index ${index}, others in "${known}"`,
      );
    this.#states.set(index, state);
  }
}
