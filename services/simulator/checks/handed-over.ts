import { BrokenPromise } from '#shared/checks';
import type { Message, NodeId } from '#shared/raft';

interface Leadership {
  readonly term: number;
  /** Index of the newest entry that it has sent to anybody. */
  sent: number;
  /** By member: up to where its log is known to be as the leader's. */
  readonly acknowledged: Map<NodeId, number>;
}

/**
 * Who is told to stand for election has acknowledged all that its leader has sent to anybody (thesis, 3.10):
 * or else it cannot win, and everybody waits for nothing.
 */
export class HandedOver {
  readonly #leaderships = new Map<NodeId, Leadership>();

  sends(message: Message): void {
    const { type, from, to, term } = message;
    if (type === 'append') {
      const leadership = this.#of(from, term);
      leadership.sent = Math.max(leadership.sent, message.entries.at(-1)?.index ?? 0);
    }
    if (type !== 'timeout-now') return;
    const { sent, acknowledged } = this.#of(from, term);
    const known = acknowledged.get(to) ?? 0;
    if (known >= sent) return;
    throw new BrokenPromise(
      `${from} leads term ${term}, has sent entries up to ${sent}, and hands over to ${to}, which has acknowledged those up to ${known}`,
    );
  }

  receives(message: Message): void {
    const { type, from, to, term } = message;
    const leadership = this.#leaderships.get(to);
    if (type !== 'append-response' || message.reject || leadership?.term !== term) return;
    const { acknowledged } = leadership;
    acknowledged.set(from, Math.max(message.index, acknowledged.get(from) ?? 0));
  }

  #of(leader: NodeId, term: number): Leadership {
    const known = this.#leaderships.get(leader);
    if (known?.term === term) return known;
    const made = { term, sent: 0, acknowledged: new Map() };
    this.#leaderships.set(leader, made);
    return made;
  }
}
