import { QuorateError } from '#shared/base';
import { noNode } from '#shared/raft';
import { storeErrors } from '../errors.ts';
import { newId } from '../member/identity.ts';
import type { Member } from '../member/member.ts';
import { membershipErrors } from '../member/membership-errors.ts';
import { checkMemberChange } from '../member/reconfiguration.ts';
import type { MemberChange } from '../wire/command.ts';
import type { Serving } from './context.ts';

const retryMs = 20;

/** etcd's Cluster service without its wire. */
export class Membership {
  readonly #serving: Serving;

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  async list(linearizable: boolean): Promise<readonly Member[]> {
    if (linearizable) await this.#serving.node.linearizable();
    return this.#members();
  }

  async add(peerUrls: readonly string[], learner: boolean): Promise<Member> {
    refuseBadUrls(peerUrls);
    const member: Member = {
      id: newId(this.#serving.rng),
      name: '',
      peerUrls: [...peerUrls],
      clientUrls: [],
      learner,
      incarnation: 0,
    };
    await this.#change({ type: 'add-member', member });
    return member;
  }

  remove(id: number): Promise<void> {
    return this.#change({ type: 'remove-member', id });
  }

  promote(id: number): Promise<void> {
    return this.#change({ type: 'promote-member', id });
  }

  async update(id: number, peerUrls: readonly string[]): Promise<void> {
    refuseBadUrls(peerUrls);
    await this.#serving.node.propose({ type: 'update-member', id, peerUrls });
  }

  members(): readonly Member[] {
    return this.#members();
  }

  /** On the leader: checks the change against what is applied, and proposes it in the same breath. */
  async asLeader(change: MemberChange): Promise<void> {
    const { node, state, clock, transport } = this.#serving;
    if (!node.leads) throw storeErrors.notLeader();
    checkMemberChange(change, {
      table: state.table,
      raft: node.status(),
      connectedForMs: (id) => {
        const since = transport.connectedSince(id);
        return since === undefined ? undefined : clock.monotonic() - since;
      },
      maxLearners: this.#serving.limits.maxLearners,
      strict: this.#serving.limits.strictReconfigCheck,
    });
    if (change.type === 'remove-member' && change.id === this.#serving.memberId) {
      // Who goes hands over first, and the next leader removes it: nobody waits for an election.
      await this.#serving.handOver();
      if (!node.leads) throw storeErrors.notLeader();
    }
    await node.changeMembers(change);
  }

  /** Wherever the leader is, until the request's time is over; then waits to see it here. */
  async #change(change: MemberChange): Promise<void> {
    const { node, transport, clock, limits, memberId } = this.#serving;
    const deadline = clock.monotonic() + limits.requestTimeoutMs;
    for (;;) {
      const leftMs = deadline - clock.monotonic();
      if (leftMs <= 0) throw storeErrors.timedOut();
      try {
        const { leader } = node;
        if (node.leads) await this.asLeader(change);
        else if (leader !== noNode) await transport.changeMembers(leader, change, leftMs);
        if (node.leads || leader !== noNode) break;
      } catch (thrown) {
        if (!mayTryAgain(thrown)) throw thrown;
      }
      await clock.sleep(Math.min(retryMs, Math.max(1, leftMs)));
    }
    // Whoever has removed itself may never hear of it.
    if (change.type !== 'remove-member' || change.id !== memberId) await node.linearizable();
  }

  #members(): readonly Member[] {
    return [...this.#serving.state.members.values()];
  }
}

/** Nothing has come of it, and the next attempt may find a leader that can. */
function mayTryAgain(thrown: unknown): boolean {
  return (
    QuorateError.is(thrown) &&
    [storeErrors.notLeader(), storeErrors.changePending()].some(
      ({ message }) => message === thrown.message,
    )
  );
}

function refuseBadUrls(peerUrls: readonly string[]): void {
  const fine = (url: string): boolean =>
    /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/:@\s]+):\d{1,5}$/.test(url);
  if (peerUrls.length === 0 || !peerUrls.every(fine)) throw membershipErrors.badUrls();
}
