import { BrokenPromise } from '#shared/checks';
import type { Entry, NodeId } from '#shared/raft';

interface Log {
  compactedIndex(): number;
  lastIndex(): number;
  term(index: number): number | undefined;
  /** Of the state that goes with it: a snapshot has another one. */
  readonly backendNumber: number;
}

/** What comes back of a log is what it held when its member died, or what was being written then, and nothing besides. */
export class LogRecovered {
  /** Terms by index. */
  readonly #writing = new Map<NodeId, ReadonlyMap<number, number>>();

  writes(member: NodeId, writes: readonly { readonly entries: readonly Entry[] }[]): void {
    const entries = writes.flatMap((write) => write.entries);
    this.#writing.set(member, new Map(entries.map(({ index, term }) => [index, term])));
  }

  written(member: NodeId): void {
    this.#writing.delete(member);
  }

  /** `before`: as its last life had it at the end. */
  restarted(member: NodeId, before: Log, after: Log): void {
    const writing = this.#writing.get(member);
    this.#writing.delete(member);
    // The snapshot counts that was to take the place of everything.
    const anew = after.backendNumber !== before.backendNumber;
    for (let index = after.compactedIndex() + 1; index <= after.lastIndex(); index++) {
      const term = after.term(index);
      if (writing?.get(index) === term || (!anew && before.term(index) === term)) continue;
      throw new BrokenPromise(
        `${member} comes back with an entry ${index} of term ${term}, which its log did not have any more`,
      );
    }
  }
}
