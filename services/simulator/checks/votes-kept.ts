import { BrokenPromise } from '#shared/checks';
import type { HardState, NodeId } from '#shared/raft';

interface Promised {
  term: number;
  vote: NodeId;
}

/** A member votes once in a term, and neither votes nor terms are forgotten in a crash (figure 2). */
export class VotesKept {
  readonly #promised = new Map<NodeId, Promised>();

  voted(voter: NodeId, term: number, candidate: NodeId): void {
    const known = this.#promised.get(voter);
    if (known && known.term === term && known.vote !== 0 && known.vote !== candidate) {
      throw new BrokenPromise(
        `${voter} votes for ${known.vote} and for ${candidate} in term ${term}`,
      );
    }
    this.acted(voter, term);
    const now = this.#promised.get(voter);
    if (now?.term === term) now.vote = candidate;
  }

  /** It took part in this term: voted, acknowledged or led. */
  acted(member: NodeId, term: number): void {
    const known = this.#promised.get(member);
    if (!known || known.term < term) this.#promised.set(member, { term, vote: 0 });
  }

  restarted(member: NodeId, { term, vote }: HardState): void {
    const known = this.#promised.get(member);
    if (!known || term > known.term) return;
    if (term < known.term) {
      throw new BrokenPromise(
        `${member} took part in term ${known.term} and comes back in term ${term}`,
      );
    }
    if (known.vote === 0 || vote === known.vote) return;
    throw new BrokenPromise(
      `${member} voted for ${known.vote} in term ${term} and comes back with a vote for ${vote}`,
    );
  }
}
