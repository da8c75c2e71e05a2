import { BrokenPromise } from '#shared/checks';
import type { ConfState, Message, NodeId } from '#shared/raft';

/** Moments are numbers that go up by one with every message that is sent or arrives. */
interface Leadership {
  readonly term: number;
  /** By the number of a round of heartbeats: when it began. */
  readonly begun: Map<number, number>;
  /** By member: the beginning of the newest round that it is known to have heard. */
  readonly heard: Map<NodeId, number>;
  /** By whose read it is and its number: when the leader was asked. */
  readonly asked: Map<string, number>;
}

/**
 * A leader answers a read once most members have heard a heartbeat that it sent after it was asked: until
 * then there may be another leader (thesis, 6.4).
 */
export class ReadsConfirmed {
  readonly #leaderships = new Map<NodeId, Leadership>();
  #moment = 0;

  sends(message: Message, confOf: () => ConfState): void {
    const { type, from, to, term } = message;
    this.#moment++;
    if (type === 'heartbeat') {
      const { begun } = this.#of(from, term);
      if (!begun.has(message.readContext)) begun.set(message.readContext, this.#moment);
    }
    if (type !== 'read-index-response') return;
    const { asked, heard } = this.#of(from, term);
    const at = asked.get(`${to}.${message.context}`);
    if (at === undefined) return;
    const { voters, votersOutgoing } = confOf();
    const knows = (id: NodeId): boolean => id === from || (heard.get(id) ?? 0) > at;
    if (
      [voters, votersOutgoing].every(
        (all) => all.filter(knows).length * 2 > all.length || all.length === 0,
      )
    )
      return;
    throw new BrokenPromise(
      `${from} leads term ${term} and answers read ${message.context} of ${to}; since it was asked, only ${voters.filter(knows).join(' and ')} of ${voters.join(', ')} can have followed it`,
    );
  }

  /** `leads`: the term that the receiver leads now. */
  receives(message: Message, leads: number | undefined): void {
    this.#moment++;
    const { type, from, to } = message;
    if (leads === undefined) return;
    const { begun, heard, asked } = this.#of(to, leads);
    if (type === 'read-index') {
      const read = `${from}.${message.context}`;
      if (!asked.has(read)) asked.set(read, this.#moment);
    } else if (type === 'heartbeat-response' && message.term === leads) {
      const at = begun.get(message.readContext) ?? 0;
      heard.set(from, Math.max(at, heard.get(from) ?? 0));
    }
  }

  #of(leader: NodeId, term: number): Leadership {
    const known = this.#leaderships.get(leader);
    if (known?.term === term) return known;
    const made = { term, begun: new Map(), heard: new Map(), asked: new Map() };
    this.#leaderships.set(leader, made);
    return made;
  }
}
