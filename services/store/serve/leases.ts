import { QuorateError } from '#shared/base';
import type { Timer } from '#shared/clock';
import { checkLeaseGrant, type Key, type LeaseCheckpoint, type LeaseId } from '#shared/mvcc';
import { noNode, type SoftState } from '#shared/raft';
import type { LeaderLeaseRequest } from '../consensus/transport.ts';
import { type Caller, trusted } from '../auth/caller.ts';
import { storeErrors } from '../errors.ts';
import type { Outcome } from '../state/state-machine.ts';
import type { Serving } from './context.ts';
import type { Quota } from './quota.ts';

export interface LeaseTimes {
  /** -1: there is no such lease. */
  readonly ttlSeconds: number;
  readonly grantedSeconds: number;
  readonly keys: readonly Key[];
}

export interface LeaseSettings {
  readonly electionMs: number;
  /** What is left of leases longer than this is replicated as often; Infinity: never. */
  readonly leaseCheckpointMs: number;
}

/** As etcd's: how often the leader looks for expired leases, and how many it revokes at once. */
const expireEveryMs = 500;
const revokesAtOnce = 500;
const forwardRetryMs = 50;
/** etcd's, too. */
const checkpointsAtOnce = 1000;

/**
 * etcd's Lease service without its wire. What exists is replicated; how much time is left is known
 * to the leader alone, which must be sure that it leads before it says so.
 */
export class Leases {
  readonly #serving: Serving;
  readonly #quota: Quota;
  readonly #times: LeaseSettings;
  readonly #timer: Timer;

  constructor(serving: Serving, quota: Quota, times: LeaseSettings) {
    this.#serving = serving;
    this.#quota = quota;
    this.#times = times;
    this.#timer = serving.clock.every(expireEveryMs, () => {
      void this.#promote();
      void this.#expire();
      void this.#checkpoint();
    });
  }

  stop(): void {
    this.#timer.cancel();
  }

  leaderChanged({ role }: SoftState): void {
    const { leases } = this.#serving.state.mvcc;
    if (role === 'leader' && !leases.promoted) {
      void this.#promote();
    } else if (role !== 'leader' && leases.promoted) {
      leases.demote();
    }
  }

  async grant(
    request: { id?: LeaseId | undefined; ttlSeconds: number },
    caller: Caller,
  ): Promise<{ id: LeaseId; ttlSeconds: number; revision: number }> {
    const { limits, state, clock } = this.#serving;
    const ttlSeconds = checkLeaseGrant(request, { minTtlSeconds: limits.minLeaseTtlSeconds });
    const id = request.id || this.#newId();
    const operation = { type: 'lease-grant', id, ttlSeconds, caller } as const;
    const outcome = (await this.#quota.propose(operation)) as Outcome;
    state.mvcc.leases.schedule(clock.monotonic());
    return { id, ttlSeconds, revision: outcome.revision };
  }

  /** The store's revision afterwards. */
  async revoke(id: LeaseId, caller: Caller): Promise<number> {
    const operation = { type: 'lease-revoke', id, caller } as const;
    const outcome = (await this.#serving.node.propose(operation)) as Outcome;
    return outcome.revision;
  }

  /** The TTL granted anew, or 0 where the lease is gone or due. */
  async renew(id: LeaseId, caller: Caller): Promise<number> {
    const { authority } = this.#serving.state;
    authority.checkKnown(caller);
    authority.checkLeaseWrite(caller, id);
    return Math.max(0, await this.#askLeader({ id, renew: true }));
  }

  async timeToLive(id: LeaseId, withKeys: boolean, caller: Caller): Promise<LeaseTimes> {
    this.#serving.state.authority.checkKnown(caller);
    const ttlSeconds = await this.#askLeader({ id, renew: false });
    if (ttlSeconds < 0) return { ttlSeconds: -1, grantedSeconds: 0, keys: [] };
    // A lease granted just now may not have arrived here yet.
    await this.#serving.node.linearizable();
    if (withKeys) this.#serving.state.authority.checkLeaseRead(caller, id);
    const info = this.#serving.state.mvcc.leases.info(id);
    if (!info) return { ttlSeconds: -1, grantedSeconds: 0, keys: [] };
    return { ttlSeconds, grantedSeconds: info.ttlSeconds, keys: withKeys ? info.keys : [] };
  }

  list(caller: Caller): readonly LeaseId[] {
    const { authority, mvcc } = this.#serving.state;
    authority.checkKnown(caller);
    const ids = mvcc.leases.byDeadline();
    for (const id of ids) authority.checkLeaseRead(caller, id);
    return ids;
  }

  /** On the leader: seconds left, -1 where the lease is gone. Throws where this member is not it. */
  async asLeader({ id, renew }: LeaderLeaseRequest): Promise<number> {
    const { node, state, clock } = this.#serving;
    const { term } = node;
    await node.linearizable();
    const { leases } = state.mvcc;
    if (!node.leads || node.term !== term || !leases.promoted) throw storeErrors.notLeader();
    const now = clock.monotonic();
    if (!renew) return leases.remaining(id, now) ?? -1;
    const ttlSeconds = leases.renew(id, now);
    if (ttlSeconds === undefined) return -1;
    this.#serving.counters.leasesRenewed++;
    // The next leader would count by the checkpoint, and does not hear of this renewal: it is asked itself then.
    if (leases.mayHaveCheckpoint(id))
      await node.proposeInTerm(checkpointOf([{ id, remainingSeconds: 0 }]), term);
    return ttlSeconds;
  }

  /** Wherever the leader is, until the request's time is over. */
  async #askLeader(request: LeaderLeaseRequest): Promise<number> {
    const { node, transport, clock, limits } = this.#serving;
    const deadline = clock.monotonic() + limits.requestTimeoutMs;
    for (;;) {
      const leftMs = deadline - clock.monotonic();
      if (leftMs <= 0) throw storeErrors.timedOut();
      try {
        if (node.leads) return await this.asLeader(request);
        const { leader } = node;
        if (leader !== noNode) return await transport.leaderLease(leader, request, leftMs);
      } catch (thrown) {
        // The leader may just have changed; asking twice does no harm.
        const passing = ['unavailable', 'failed-precondition', 'deadline-exceeded'] as const;
        if (!QuorateError.is(thrown, ...passing)) throw thrown;
        if (thrown.message === storeErrors.stopped().message && node.leads) throw thrown;
      }
      await clock.sleep(Math.min(forwardRetryMs, Math.max(1, leftMs)));
    }
  }

  /**
   * A leader counts once it has applied all that earlier ones wrote: a renewal may be among it. Where that
   * cannot be had yet, it tries again with the next tick.
   */
  async #promote(): Promise<void> {
    const { node, state, clock } = this.#serving;
    const { leases } = state.mvcc;
    if (!node.leads || leases.promoted) return;
    const { term } = node;
    try {
      await node.linearizable();
    } catch (thrown) {
      if (!(thrown instanceof QuorateError)) throw thrown;
      return;
    }
    if (!node.leads || node.term !== term || state.mvcc.leases.promoted) return;
    const { electionMs, leaseCheckpointMs } = this.#times;
    state.mvcc.leases.promote(clock.monotonic(), electionMs, leaseCheckpointMs);
  }

  /** A revoke is proposed only by a leader that is sure of itself: its clock decides. */
  async #expire(): Promise<void> {
    const { node, state, clock } = this.#serving;
    const { leases } = state.mvcc;
    if (!node.leads || !leases.promoted) return;
    const due = leases.nextExpiryMs(clock.monotonic());
    if (due === undefined || due > clock.monotonic()) return;
    try {
      const { term } = node;
      await node.linearizable();
      if (!node.leads || node.term !== term || !state.mvcc.leases.promoted) return;
      const ids = state.mvcc.leases.expired(clock.monotonic(), revokesAtOnce);
      this.#serving.counters.leasesExpired += ids.length;
      await Promise.all(
        ids.map((id) => node.proposeInTerm({ type: 'lease-revoke', id, caller: trusted }, term)),
      );
    } catch (thrown) {
      // Named again in a few seconds, by whoever leads then.
      if (!(thrown instanceof QuorateError)) throw thrown;
    }
  }

  /** What is left of long leases, so that the next leader does not give them everything again. */
  async #checkpoint(): Promise<void> {
    const { node, state, clock } = this.#serving;
    if (!node.leads || !state.mvcc.leases.promoted) return;
    const checkpoints = state.mvcc.leases.checkpointsDue(clock.monotonic(), checkpointsAtOnce);
    if (checkpoints.length === 0) return;
    try {
      await node.proposeInTerm(checkpointOf(checkpoints), node.term);
    } catch (thrown) {
      // An interval later there is another chance.
      if (!(thrown instanceof QuorateError)) throw thrown;
    }
  }

  /** Positive, 63 bits, as etcd's. */
  #newId(): LeaseId {
    const { rng, state } = this.#serving;
    for (;;) {
      const id = (BigInt(rng.int(0x8000_0000)) << 32n) | BigInt(rng.int(0x1_0000_0000));
      if (id !== 0n && !state.mvcc.leases.has(id)) return id;
    }
  }
}

const checkpointOf = (checkpoints: readonly LeaseCheckpoint[]) =>
  ({ type: 'lease-checkpoint', checkpoints, caller: trusted }) as const;
