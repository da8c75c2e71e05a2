import type { NodeId } from '../../types.ts';
import { Violation } from './violation.ts';

/** No two members ever apply different entries at the same index (thesis, 3.6.3). */
export class StateMachineSafety {
  readonly #hashes = new Map<number, number>();

  /** The member's state after everything up to `index`, applied or installed. */
  reached(id: NodeId, index: number, hash: number): void {
    const known = this.#hashes.get(index) ?? hash;
    if (known !== hash) throw new Violation(`${id} has another state at index ${index}`);
    this.#hashes.set(index, hash);
  }
}
