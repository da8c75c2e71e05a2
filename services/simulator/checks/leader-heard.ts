import { BrokenPromise } from '#shared/checks';
import type { ConfState, Message, NodeId } from '#shared/raft';

/** A leader looks back for one election timeout, once in each: two are the longest it may take. */
const patience = 3;

interface Leadership {
  readonly term: number;
  readonly conf: ConfState;
  /** Of heartbeats, as they come by time alone. */
  rounds: number;
  lastMs: number;
  /** By member: the round in which it was heard last. */
  readonly heard: Map<NodeId, number>;
}

/**
 * A leader that most members keep silent to steps down (thesis, 6.2): who still hears it would never look
 * for another one, and who asks it would wait for ever. Its time is counted in the heartbeats it sends,
 * for it may be paused.
 */
export class LeaderHeard {
  readonly #heartbeatMs: number;
  readonly #rounds: number;
  readonly #leaderships = new Map<NodeId, Leadership>();

  constructor({ heartbeatMs, electionMs }: { heartbeatMs: number; electionMs: number }) {
    this.#heartbeatMs = heartbeatMs;
    this.#rounds = (patience * electionMs) / heartbeatMs;
  }

  /** `slow`: its ticks are late, so that heartbeats asked for by readers outnumber them. */
  sends({ type, from, term }: Message, conf: ConfState, atMs: number, slow: boolean): void {
    if (type !== 'heartbeat') return;
    const known = this.#leaderships.get(from);
    if (known?.term !== term || known.conf !== conf || slow) {
      const heard = new Map<NodeId, number>();
      this.#leaderships.set(from, { term, conf, rounds: 0, lastMs: atMs, heard });
      return;
    }
    // Clocks may be fast by a tenth.
    if (atMs - known.lastMs < this.#heartbeatMs * 0.9) return;
    known.lastMs = atMs;
    known.rounds++;
    const silentTo = (voters: readonly NodeId[]): boolean => {
      const heard = voters.filter((id) => id === from || this.#isHeard(known, id));
      return voters.length > 0 && heard.length * 2 <= voters.length;
    };
    if (!silentTo(conf.voters) && !silentTo(conf.votersOutgoing)) return;
    throw new BrokenPromise(
      `${from} leads term ${term}, and has heard too few of ${conf.voters.join(', ')} since ${this.#rounds} heartbeats`,
    );
  }

  /** `leads`: the term that the receiver leads now. */
  receives({ from, to, term }: Message, leads: number | undefined): void {
    const known = this.#leaderships.get(to);
    if (known && known.term === leads && term === leads) known.heard.set(from, known.rounds);
  }

  #isHeard({ rounds, heard }: Leadership, id: NodeId): boolean {
    return rounds - (heard.get(id) ?? 0) <= this.#rounds;
  }
}
