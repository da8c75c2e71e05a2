import { QuorateError } from '#shared/base';
import { noNode } from '#shared/raft';
import { isUrl } from '../address.ts';
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
    // etcd looks for the member first.
    if (this.#serving.state.members.has(id)) refuseBadUrls(peerUrls);
    else if (!areUrls(peerUrls)) throw membershipErrors.notFound();
    await this.#serving.node.propose({ type: 'update-member', id, peerUrls });
  }

  members(): readonly Member[] {
    return this.#members();
  }

  /** On the leader: checks the change against what is applied, and proposes it in the same breath. */
  async asLeader(change: MemberChange): Promise<void> {
    if (change.type !== 'promote-member') return this.#make(change);
    const { counters } = this.#serving;
    try {
      await this.#make(change);
      counters.promotions++;
    } catch (thrown) {
      const { message } = QuorateError.from(thrown);
      const { failedPromotions } = counters;
      if (message !== storeErrors.notLeader().message)
        failedPromotions.set(message, (failedPromotions.get(message) ?? 0) + 1);
      throw thrown;
    }
  }

  async #make(change: MemberChange): Promise<void> {
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

  /**
   * Wherever the leader is, until the request's time is over; then waits to see it here. Nothing is asked of the
   * quorum again: a new voter counts in it, and it may not have been started yet.
   */
  async #change(change: MemberChange): Promise<void> {
    const { clock, limits } = this.#serving;
    const deadline = clock.monotonic() + limits.requestTimeoutMs;
    let taken = false;
    let lost = false;
    while (!taken || !this.#shows(change)) {
      const leftMs = deadline - clock.monotonic();
      if (leftMs <= 0) throw storeErrors.timedOut();
      if (!taken) {
        const outcome = await this.#attempt(change, leftMs, lost);
        taken = outcome === 'taken';
        lost ||= outcome === 'lost';
      }
      if (!taken || !this.#shows(change)) await clock.sleep(Math.min(retryMs, Math.max(1, leftMs)));
    }
  }

  /** `again`: nobody knows what became of an earlier attempt. */
  async #attempt(change: MemberChange, leftMs: number, again: boolean): Promise<Attempt> {
    const { node, transport } = this.#serving;
    const { leader, leads } = node;
    try {
      if (leads) await this.asLeader(change);
      else if (leader === noNode) return 'not taken';
      else await transport.changeMembers(leader, change, leftMs);
      return 'taken';
    } catch (thrown) {
      if (isOneOf(thrown, nothingDone)) return 'not taken';
      if (again && isOneOf(thrown, [doneBefore[change.type]])) return 'taken';
      if (!leads && isLost(thrown)) return 'lost';
      throw thrown;
    }
  }

  /** Whether the change is applied here. Whoever has removed itself may never hear of it. */
  #shows(change: MemberChange): boolean {
    const { state, memberId } = this.#serving;
    if (change.type === 'add-member') return state.members.has(change.member.id);
    if (change.type === 'remove-member') {
      return change.id === memberId || !state.members.has(change.id);
    }
    return state.members.get(change.id)?.learner !== true;
  }

  #members(): readonly Member[] {
    return [...this.#serving.state.members.values()];
  }
}

type Attempt = 'taken' | 'not taken' | 'lost';

/** The next attempt may find a leader that can. */
const nothingDone = [storeErrors.notLeader(), storeErrors.changePending()];

/** How a leader refuses what it has done already. */
const doneBefore = {
  'add-member': membershipErrors.idExists(),
  'remove-member': membershipErrors.notFound(),
  'promote-member': membershipErrors.notLearner(),
};

function isOneOf(thrown: unknown, errors: readonly Error[]): boolean {
  return QuorateError.is(thrown) && errors.some(({ message }) => message === thrown.message);
}

/** The leader, or the way to it, has gone: it may have made the change. */
function isLost(thrown: unknown): boolean {
  if (QuorateError.is(thrown, 'deadline-exceeded')) return true;
  return QuorateError.is(thrown, 'unavailable') && !isOneOf(thrown, [membershipErrors.unhealthy()]);
}

function refuseBadUrls(peerUrls: readonly string[]): void {
  if (!areUrls(peerUrls)) throw membershipErrors.badUrls();
}

function areUrls(peerUrls: readonly string[]): boolean {
  return peerUrls.length > 0 && peerUrls.every(isUrl);
}
