import type { NodeId } from '#shared/raft';
import { BrokenPromise } from './broken-promise.ts';

/** An index is committed once, with one entry, and everybody gets it in the end. */
export class CommittedKept {
  readonly #terms = new Map<number, number>();
  #last = 0;

  get last(): number {
    return this.#last;
  }

  committed(id: NodeId, index: number, term: number): void {
    const known = this.#terms.get(index) ?? term;
    if (known !== term) {
      throw new BrokenPromise(
        `${id} commits term ${term} at ${index}, before it was term ${known}`,
      );
    }
    this.#terms.set(index, term);
    this.#last = Math.max(this.#last, index);
  }

  /** The cluster has healed and this member of it has settled. */
  settled(id: NodeId, commit: number): void {
    if (commit >= this.#last) return;
    throw new BrokenPromise(`${id} settled at commit ${commit}, but ${this.#last} was committed`);
  }
}
