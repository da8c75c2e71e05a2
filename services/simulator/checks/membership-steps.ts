import { BrokenPromise } from '#shared/checks';
import type { Entry, NodeId } from '#shared/raft';

/**
 * Membership changes go one by one (thesis, 4.1 and etcd): a leader takes one when it has applied all
 * that are in its log, and nobody stands for election who knows of a committed one and has not applied
 * it. Two unapplied changes part the majorities, in schedules that are rare. Who is known to have been
 * removed is not listened to, and a learner votes when it has most of the log.
 */
export class MembershipSteps {
  /** Of each member's log: where its membership changes are. */
  readonly #changes = new Map<NodeId, number[]>();

  /** `leads`: the term that the member leads now. */
  writes(member: NodeId, entries: readonly Entry[], leads: number | undefined, applied: number) {
    const [first] = entries;
    if (!first) return;
    const changes = (this.#changes.get(member) ?? []).filter((index) => index < first.index);
    this.#changes.set(member, changes);
    for (const { type, index, term } of entries) {
      if (type !== 'conf-change') continue;
      const pending = changes.at(-1) ?? 0;
      changes.push(index);
      if (term !== leads || pending <= applied) continue;
      throw new BrokenPromise(
        `${member} leads term ${term} and takes the membership change ${index} before it has applied that at ${pending}`,
      );
    }
  }

  /** As far as what both have is on their disks, by what the leader knows; some of it came while the change was written. */
  promotes(member: NodeId, learner: NodeId, match: number, own: number): void {
    if (match >= own / 2) return;
    throw new BrokenPromise(
      `${member} makes a voter of ${learner}, which has ${match} of ${own} entries`,
    );
  }

  stands(member: NodeId, committed: number, applied: number): void {
    const known = this.#changes.get(member)?.find((index) => index > applied && index <= committed);
    if (known === undefined) return;
    throw new BrokenPromise(
      `${member} stands for election with the membership change ${known} committed, but not applied`,
    );
  }

  /** `removed`: by what the receiver has applied. */
  hears(member: NodeId, from: NodeId, removed: ReadonlySet<NodeId>): void {
    if (!removed.has(from)) return;
    throw new BrokenPromise(`${member} listens to ${from}, which it knows to have been removed`);
  }
}
