import type { NodeId } from '#shared/raft';
import { BrokenPromise } from './broken-promise.ts';

/** At most one leader can be elected in a given term (thesis, 3.4). */
export class ElectionSafety {
  readonly #leaders = new Map<number, NodeId>();

  leads(id: NodeId, term: number): void {
    const other = this.#leaders.get(term) ?? id;
    if (other !== id) throw new BrokenPromise(`${other} and ${id} both lead term ${term}`);
    this.#leaders.set(term, id);
  }
}
