import type { NodeId } from '#shared/raft';
import { BrokenPromise } from './broken-promise.ts';

/** What is committed in one term is in the log of every later term's leader (thesis, 3.6.3). */
export class LeaderCompleteness {
  readonly #committed = new Map<number, { readonly term: number; readonly knownInTerm: number }>();

  /** Somebody whose term is `knownInTerm` knows that the entry is committed. */
  committed(index: number, term: number, knownInTerm: number): void {
    const known = this.#committed.get(index);
    if (known === undefined || known.knownInTerm > knownInTerm) {
      this.#committed.set(index, { term, knownInTerm });
    }
  }

  elected(id: NodeId, term: number, compacted: number, termAt: (index: number) => number): void {
    for (const [index, entry] of this.#committed) {
      if (entry.knownInTerm >= term || index <= compacted) continue;
      const there = termAt(index);
      if (there === entry.term) continue;
      const wanted = `entry ${index} of term ${entry.term}`;
      throw new BrokenPromise(`${id} leads term ${term} without ${wanted}, it has term ${there}`);
    }
  }
}
