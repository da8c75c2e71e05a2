import { messageOf } from '#shared/base';
import { BrokenPromise } from '#shared/checks';
import type { NodeId } from '#shared/raft';

interface Acknowledged {
  readonly index: number;
  readonly term: number;
}

interface Log {
  compactedIndex(): number;
  lastIndex(): number;
  term(index: number): number | undefined;
}

/** What a member has told its leader to be durable is there, and is still there after a crash. */
export class AcknowledgedKept {
  readonly #acknowledged = new Map<NodeId, Acknowledged>();
  /** From which index on a write is under way: until it is done its files may have the old entries or the new ones. */
  readonly #writing = new Map<NodeId, number>();

  /** `leadersTerm`: of the entry there, where the leader has it on its disk. */
  acknowledges(member: NodeId, index: number, log: Log, leadersTerm?: number): void {
    if (index > log.lastIndex()) {
      throw new BrokenPromise(
        `${member} acknowledges entry ${index}, but its durable log ends at ${log.lastIndex()}`,
      );
    }
    const known = this.#acknowledged.get(member);
    const term = log.term(index);
    if (term !== undefined && leadersTerm !== undefined && term !== leadersTerm) {
      throw new BrokenPromise(
        `${member} acknowledges entry ${index} of term ${leadersTerm}, and has one of term ${term} there`,
      );
    }
    if (term === undefined || (known && known.index > index)) return;
    this.#acknowledged.set(member, { index, term });
  }

  /** What it applies is on its disk: it may tell others that it is done, and may do so after a restart. */
  applies(member: NodeId, index: number, term: number, log: Log): void {
    const there = log.term(index);
    if (there === term || index <= log.compactedIndex()) return;
    throw new BrokenPromise(
      `${member} applies entry ${index} of term ${term}, and ${there === undefined ? 'none' : `one of term ${there}`} is on its disk`,
    );
  }

  /** A new life would find what this one knows to be there. `read` throws where it finds damage. */
  recovers(member: NodeId, log: Log, read: () => Pick<Log, 'lastIndex' | 'term'>): void {
    const last = Math.min(log.lastIndex(), (this.#writing.get(member) ?? Infinity) - 1);
    const found = readBack(member, read);
    if (last <= log.compactedIndex()) return;
    if (found.lastIndex() >= last && found.term(last) === log.term(last)) return;
    throw new BrokenPromise(
      `${member} has a log that ends at ${last}, and would come back with one that ends at ${found.lastIndex()}`,
    );
  }

  /** It replaces its log from this index on, as a newer leader tells it to. */
  writes(member: NodeId, firstIndex: number, log: Log): void {
    this.#writing.set(member, Math.min(firstIndex, this.#writing.get(member) ?? Infinity));
    const known = this.#acknowledged.get(member);
    if (!known || known.index < firstIndex) return;
    const index = firstIndex - 1;
    this.#acknowledged.set(member, { index, term: log.term(index) ?? 0 });
  }

  written(member: NodeId): void {
    this.#writing.delete(member);
  }

  restarted(member: NodeId, log: Log): void {
    this.#writing.delete(member);
    const known = this.#acknowledged.get(member);
    if (!known || known.index <= log.compactedIndex()) return;
    const term = log.term(known.index);
    if (term === known.term || known.term === 0) return;
    throw new BrokenPromise(
      `${member} acknowledged entry ${known.index} of term ${known.term} and comes back with ${
        term === undefined ? `a log that ends at ${log.lastIndex()}` : `one of term ${term} there`
      }`,
    );
  }
}

function readBack<T>(member: NodeId, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw new BrokenPromise(`${member} could not come back: ${messageOf(thrown)}`);
  }
}
