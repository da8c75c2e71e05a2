import { BrokenPromise } from '#shared/checks';
import type { Entry, HardState, NodeId } from '#shared/raft';

interface Write {
  readonly hardState?: HardState | undefined;
  readonly entries: readonly Entry[];
}

interface Log {
  compactedIndex(): number;
  term(index: number): number | undefined;
  initialState(): { readonly hardState: HardState };
}

/** Of several writes that were made at once, the log holds what the last ones say. */
export function checkWritten(member: NodeId, writes: readonly Write[], log: Log): void {
  const last = writes.findLast(({ hardState }) => hardState)?.hardState;
  const { term, vote } = log.initialState().hardState;
  if (last && (last.term !== term || last.vote !== vote)) {
    throw new BrokenPromise(
      `${member} wrote a vote for ${last.vote} in term ${last.term}, and has one for ${vote} in term ${term}`,
    );
  }
  const terms = new Map<number, number>();
  for (const { entries } of writes) {
    const first = entries[0]?.index ?? Infinity;
    for (const index of terms.keys()) if (index >= first) terms.delete(index);
    for (const entry of entries) terms.set(entry.index, entry.term);
  }
  const end = Math.max(...terms.keys());
  if (terms.size > 0 && log.term(end + 1) !== undefined)
    throw new BrokenPromise(`${member} wrote entries up to ${end}, and its log goes on`);
  for (const [index, written] of terms) {
    const there = log.term(index);
    if (there === written || index <= log.compactedIndex()) continue;
    throw new BrokenPromise(
      `${member} wrote entry ${index} of term ${written}, and ${there ?? 'nothing'} is there`,
    );
  }
}
