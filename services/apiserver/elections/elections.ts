import { QuorateError } from '#shared/base';
import { badRequest } from '#shared/api';
import type { CampaignRequest, Fence, KvClient, Leader } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { KeyValue, LeaseId } from '#shared/mvcc';
import { checkPathSegment, electionKey } from '../registry/keys.ts';
import { followKey } from './follow-key.ts';

/** The store's own least lease. */
const minLeaseSeconds = 2;
const maxLeaseSeconds = 3600;
const maxWaitMs = 60_000;

/** Told of every leadership that this server grants, renews or ends. */
export interface ElectionListener {
  elected(leader: Leader): void;
  renewed(leader: Leader): void;
  resigned(leader: Leader): void;
}

export interface ElectionsDeps {
  readonly kv: KvClient;
  readonly clock: Clock;
  readonly listener: ElectionListener;
}

/** What the election's key holds. */
interface Held {
  readonly identity: string;
  readonly leaseSeconds: number;
}

/**
 * Elections on one key each. Whoever creates the key leads; the key is bound to a lease of the
 * store, so it goes when the leader stops renewing; and its create revision is the token, which
 * grows with every leadership and which the registry compares in each fenced write. Any master
 * serves any call: all state is in the store.
 *
 * An identity is one *run* of a candidate and must have a part that is new with every start: who
 * campaigns again under the leading identity gets the same leadership back.
 */
export class Elections {
  readonly #deps: ElectionsDeps;

  constructor(deps: ElectionsDeps) {
    this.#deps = deps;
  }

  /** Resolves when elected, or with the present leader after `waitMs` (at most a minute). */
  async campaign(
    request: CampaignRequest,
    signal?: AbortSignal,
  ): Promise<{ elected: boolean; leader: Leader }> {
    checkCampaign(request);
    const { election, identity } = request;
    const deadline = this.#deps.clock.monotonic() + Math.min(request.waitMs, maxWaitMs);
    for (;;) {
      if (signal?.aborted) throw new QuorateError('canceled', 'the campaign was cancelled');
      const { kv: held, revision } = await this.#read(election);
      if (!held) {
        const leader = await this.#seize(request);
        if (leader) return { elected: true, leader };
        continue;
      }
      const leader = toLeader(election, held);
      const ours = leader.identity === identity;
      if (ours && (await this.#deps.kv.leaseKeepAlive(held.lease)) > 0) {
        return { elected: true, leader };
      }
      // A lease that ran out is waited for as anybody's: its key goes when the store gets to it.
      const leftMs = deadline - this.#deps.clock.monotonic();
      if (leftMs <= 0) return { elected: false, leader };
      await this.#untilGone(election, revision + 1, leftMs, signal);
    }
  }

  /** Throws `fenced` where the token no longer leads. */
  async renew({ election, token }: Fence, identity: string): Promise<Leader> {
    const { kv: held } = await this.#read(election);
    const leader = held && toLeader(election, held);
    if (!leader || leader.token !== token || leader.identity !== identity) {
      throw notLeading(election, token, leader);
    }
    // The lease belongs to this leadership alone, so this cannot renew somebody else's.
    const ttl = await this.#deps.kv.leaseKeepAlive(held.lease);
    if (ttl <= 0) throw notLeading(election, token, undefined);
    this.#deps.listener.renewed(leader);
    return leader;
  }

  /** Does nothing where the token no longer leads. */
  async resign({ election, token }: Fence, identity: string): Promise<void> {
    const { kv: held } = await this.#read(election);
    const leader = held && toLeader(election, held);
    if (!leader || leader.token !== token || leader.identity !== identity) return;
    await this.#revoke(held.lease);
    this.#deps.listener.resigned(leader);
  }

  /** The leader now; of nobody, the identity is ''. */
  async leader(election: string): Promise<Leader> {
    const { kv } = await this.#read(election);
    return toLeader(election, kv);
  }

  /** The leader now, then every change, until `signal` aborts. */
  async *observe(election: string, signal?: AbortSignal): AsyncGenerator<Leader, void> {
    checkPathSegment('election', election);
    const { kv: held, revision } = await this.#read(election);
    yield toLeader(election, held);
    for await (const kv of followKey(this.#deps.kv, electionKey(election), revision + 1, signal)) {
      yield toLeader(election, kv);
    }
  }

  async #read(election: string): Promise<{ kv: KeyValue | undefined; revision: number }> {
    checkPathSegment('election', election);
    const { kvs, header } = await this.#deps.kv.range({ key: electionKey(election) });
    return { kv: kvs[0], revision: header.revision };
  }

  /** The new leader, if the key was still free. */
  async #seize(request: CampaignRequest): Promise<Leader | undefined> {
    const { election, identity, leaseSeconds } = request;
    const { kv } = this.#deps;
    const { id: lease } = await kv.leaseGrant({ ttlSeconds: leaseSeconds });
    const key = electionKey(election);
    const held: Held = { identity, leaseSeconds };
    const value = Buffer.from(JSON.stringify(held));
    const answer = await kv.txn({
      compare: [{ key, target: 'create', result: 'equal', revision: 0 }],
      success: [{ type: 'put', put: { key, value, lease } }],
      failure: [],
    });
    if (!answer.succeeded) {
      await this.#revoke(lease);
      return undefined;
    }
    const leader: Leader = { election, identity, leaseSeconds, token: answer.header.revision };
    this.#deps.listener.elected(leader);
    return leader;
  }

  /** A lease that is gone already is as good. */
  async #revoke(lease: LeaseId): Promise<void> {
    try {
      await this.#deps.kv.leaseRevoke(lease);
    } catch (thrown) {
      const gone = thrown instanceof QuorateError && thrown.message.includes('lease not found');
      if (!gone) throw thrown;
    }
  }

  async #untilGone(
    election: string,
    fromRevision: number,
    leftMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    const timer = this.#deps.clock.after(leftMs, abort);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const changes = followKey(this.#deps.kv, electionKey(election), fromRevision, stop.signal);
      for await (const kv of changes) if (!kv) return;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
      stop.abort();
    }
  }
}

function toLeader(election: string, kv: KeyValue | undefined): Leader {
  if (!kv) return { election, identity: '', token: 0, leaseSeconds: 0 };
  const held = JSON.parse(Buffer.from(kv.value).toString()) as Held;
  const { identity, leaseSeconds } = held;
  return { election, identity, leaseSeconds, token: kv.createRevision };
}

function checkCampaign({ election, identity, leaseSeconds, waitMs }: CampaignRequest): void {
  checkPathSegment('election', election);
  if (identity === '') throw badRequest('identity: Required value');
  if (
    !Number.isInteger(leaseSeconds) ||
    leaseSeconds < minLeaseSeconds ||
    leaseSeconds > maxLeaseSeconds
  ) {
    throw badRequest(
      `lease_seconds: Invalid value: ${leaseSeconds}: must be from ${minLeaseSeconds} to ${maxLeaseSeconds}`,
    );
  }
  if (!(waitMs >= 0)) throw badRequest(`wait_ms: Invalid value: ${waitMs}: must not be negative`);
}

function notLeading(election: string, token: number, leader: Leader | undefined): QuorateError {
  const now = leader?.token
    ? `"${leader.identity}" leads with token ${leader.token}`
    : 'nobody leads';
  return new QuorateError(
    'fenced',
    `token ${token} no longer leads election "${election}": ${now}`,
  );
}
