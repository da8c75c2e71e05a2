import { BrokenPromise } from '#shared/checks';
import type { Message, NodeId } from '#shared/raft';

const fastestClock = 1.11;

interface Heard {
  readonly leader: NodeId;
  readonly atMs: number;
}

type Vote = Extract<Message, { type: 'vote' | 'vote-response' }>;

/**
 * Nobody helps to depose a leader that it hears from (thesis, 4.2.3 and 9.6): without this a member
 * that was cut off, or hears nobody, drags the whole cluster into elections.
 */
export class LeaderKept {
  readonly #leaseMs: number;
  readonly #heard = new Map<NodeId, Heard>();
  /** Whether a request came in the middle of a lease each time that it came. */
  readonly #mustRefuse = new Map<string, boolean>();

  /** A member that heard its leader less than `leaseMs` ago is certain of it. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  restarted(member: NodeId): void {
    this.#heard.delete(member);
  }

  heard(member: NodeId, leader: NodeId, atMs: number): void {
    this.#heard.set(member, { leader, atMs });
  }

  /** `follows`: whom the member takes for its leader now. */
  asked(request: Vote, follows: NodeId, atMs: number): void {
    const heard = this.#heard.get(request.to);
    const inLease = heard?.leader === follows && atMs - heard.atMs < this.#leaseMs;
    // Its request was overtaken by what it said when it led: it deposes nobody.
    const elected = request.from === follows;
    const transfer = request.type === 'vote' && request.transfer;
    const key = keyOf(request.to, request.from, request);
    this.#mustRefuse.set(
      key,
      (this.#mustRefuse.get(key) ?? true) && inLease && !transfer && !elected,
    );
  }

  granted(response: Vote): void {
    const { from, to, term } = response;
    if (this.#mustRefuse.get(keyOf(from, to, response)) !== true) return;
    throw new BrokenPromise(
      `${from} votes for ${to} in term ${term} while it hears from ${this.#heard.get(from)?.leader}, which it follows`,
    );
  }
}

/** Clocks may be fast, and ticks come late. */
export function leaseMsOf({
  electionMs,
  tickMs = 10,
}: {
  readonly electionMs: number;
  readonly tickMs?: number | undefined;
}): number {
  return electionMs / fastestClock - 2 * tickMs;
}

function keyOf(voter: NodeId, candidate: NodeId, { term, preVote }: Vote): string {
  return `${voter} ${candidate} ${term} ${preVote}`;
}
