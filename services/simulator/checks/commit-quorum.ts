import { BrokenPromise } from '#shared/checks';
import type { ConfState, NodeId } from '#shared/raft';

/** What a member's disk has, and keeps through a crash. */
interface DurableLog {
  compactedIndex(): number;
  term(index: number): number | undefined;
}

/** Configurations that a leader counted with lately: it says what is committed a moment after it has counted. */
const remembered = 3;

/**
 * What a leader calls committed is on the disks of a majority by then. Only entries of its own term are
 * looked at: those are the ones that it has counted itself.
 */
export class CommitQuorum {
  readonly #told = new Map<NodeId, number>();
  readonly #confs = new Map<NodeId, readonly ConfState[]>();

  /** The configuration that a member uses now. */
  counts(id: NodeId, conf: ConfState): readonly ConfState[] {
    const known = this.#confs.get(id) ?? [];
    const confs = known.at(-1) === conf ? known : [...known, conf].slice(-remembered);
    this.#confs.set(id, confs);
    return confs;
  }

  says(
    leader: { readonly id: NodeId; readonly term: number; readonly conf: ConfState },
    commit: number,
    logOf: (member: NodeId) => DurableLog | undefined,
  ): void {
    const { id, term, conf } = leader;
    const confs = this.counts(id, conf);
    if (commit <= (this.#told.get(term) ?? 0)) return;
    this.#told.set(term, commit);
    if ((logOf(id)?.term(commit) ?? term) !== term) return;
    const holds = (member: NodeId): boolean => {
      const log = logOf(member);
      return log !== undefined && (log.compactedIndex() >= commit || log.term(commit) === term);
    };
    if (
      confs.some(({ voters, votersOutgoing }) => most(voters, holds) && most(votersOutgoing, holds))
    )
      return;
    throw new BrokenPromise(
      `${id} leads term ${term} and says that entry ${commit} is committed, which only ${conf.voters.filter(holds).join(' and ') || 'nobody'} of ${conf.voters.join(', ')} has on disk`,
    );
  }
}

function most(voters: readonly NodeId[], holds: (member: NodeId) => boolean): boolean {
  return voters.length === 0 || voters.filter(holds).length > voters.length / 2;
}
