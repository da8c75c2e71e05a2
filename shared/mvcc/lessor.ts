import { assert, Heap, must } from '#shared/base';
import type { Backend } from './backend.ts';
import { mvccErrors } from './errors.ts';
import {
  allLeases,
  decodeLease,
  decodeLeaseKey,
  encodeLease,
  leaseKey,
  noLease,
} from './records.ts';
import type { Key, LeaseId } from './types.ts';

/** etcd's: about 285 years. */
export const maxLeaseTtlSeconds = 9_000_000_000;

/** An expired lease that was named but is still there is named again after this (etcd's 3 s). */
const retryMs = 3000;

/** At a change of leader no more leases than this fall due in any one second. */
const promotedPerSecond = 750;

/** A lease as people ask for it. */
export interface LeaseInfo {
  readonly id: LeaseId;
  /** As granted, in seconds. */
  readonly ttlSeconds: number;
  /** In order. */
  readonly keys: readonly Key[];
}

/** How much of a lease's time was left when its leader last said so. */
export interface LeaseCheckpoint {
  readonly id: LeaseId;
  /** 0: it was renewed, its whole TTL counts. */
  readonly remainingSeconds: number;
}

interface Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** The last checkpoint; 0: none, the whole TTL counts. */
  remainingSeconds: number;
  readonly keys: Set<Key>;
  deadlineMs: number;
  /** A checkpoint of it was due since this member leads, and may not be applied yet. */
  wasDue: boolean;
}

/**
 * There is one entry a lease; a renewal only moves the lease's deadline, and the entry follows. That of a
 * lease that was dropped is no entry of one that has its id now.
 */
interface Due {
  readonly lease: Lease;
  readonly atMs: number;
}

/**
 * Leases. What exists and what is attached is replicated state, changed through Mvcc alone.
 * Deadlines are the leader's own matter, in whatever milliseconds its host counts: expiry is a
 * revoke that the leader proposes.
 */
export class Lessor {
  readonly #backend: Backend;
  /** See `promote`. */
  #checkpointMs = Infinity;
  readonly #leases = new Map<LeaseId, Lease>();
  readonly #due = new Heap<Due>(
    (a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.lease.id < b.lease.id),
  );
  /** When each long lease is to be looked at for a checkpoint. */
  readonly #checkpoints = new Heap<Due>((a, b) => a.atMs < b.atMs);
  /** Granted since deadlines were last looked at: grant knows no time. */
  #unscheduled: Lease[] = [];
  #promoted = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Starts over with what the backend holds, nothing attached, not promoted. */
  load(): void {
    this.demote();
    this.#leases.clear();
    for (const [key, record] of this.#backend.scan(...allLeases)) {
      const id = decodeLeaseKey(key);
      const keys = new Set<Key>();
      const volatile = { keys, deadlineMs: Infinity, wasDue: false };
      this.#leases.set(id, { id, ...decodeLease(record), ...volatile });
    }
  }

  get size(): number {
    return this.#leases.size;
  }

  has(id: LeaseId): boolean {
    return this.#leases.has(id);
  }

  /** Undefined where there is no such lease. */
  info(id: LeaseId): LeaseInfo | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    return { id, ttlSeconds: lease.ttlSeconds, keys: [...lease.keys].sort() };
  }

  /** Ascending. */
  ids(): LeaseId[] {
    return [...this.#leases.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The soonest to expire first, as etcd lists them; where nobody counts, as they were granted. */
  byDeadline(): LeaseId[] {
    const leases = [...this.#leases.values()];
    return leases
      .sort((a, b) => (a.deadlineMs === b.deadlineMs ? 0 : a.deadlineMs - b.deadlineMs))
      .map(({ id }) => id);
  }

  /** What is persisted of a lease. */
  record(id: LeaseId): { readonly ttlSeconds: number; readonly remainingSeconds: number } {
    return must(this.#leases.get(id), 'the lease exists');
  }

  /** Whether a renewal must take back what a checkpoint says, or is about to say. */
  mayHaveCheckpoint(id: LeaseId): boolean {
    const { remainingSeconds, wasDue } = must(this.#leases.get(id), 'the lease exists');
    return remainingSeconds > 0 || wasDue;
  }

  grant(id: LeaseId, ttlSeconds: number): void {
    if (id === noLease) throw mvccErrors.leaseNotFound();
    if (ttlSeconds > maxLeaseTtlSeconds) throw mvccErrors.leaseTtlTooLarge();
    if (this.#leases.has(id)) throw mvccErrors.leaseExists();
    const keys = new Set<Key>();
    const lease: Lease = {
      id,
      ttlSeconds,
      remainingSeconds: 0,
      keys,
      deadlineMs: Infinity,
      wasDue: false,
    };
    this.#leases.set(id, lease);
    this.#save(lease);
    if (this.#promoted) this.#unscheduled.push(lease);
  }

  /** Forgets a lease whose keys are deleted. */
  drop(id: LeaseId): void {
    assert(this.#leases.get(id)?.keys.size === 0, 'a dropped lease exists and has no keys');
    this.#leases.delete(id);
    this.#backend.delete(leaseKey(id));
  }

  checkpoint(id: LeaseId, remainingSeconds: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.remainingSeconds = remainingSeconds;
    this.#save(lease);
  }

  attach(id: LeaseId, key: Key): void {
    this.#leases.get(id)?.keys.add(key);
  }

  detach(id: LeaseId, key: Key): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  get promoted(): boolean {
    return this.#promoted;
  }

  /**
   * This member leads. Every lease gets its TTL (or what a checkpoint left of it) plus `extendMs`
   * from now, since renewals the last leader took are unknown; deadlines that would pile up are
   * spread out. Leases longer than `checkpointMs` are named by `checkpointsDue` as often.
   */
  promote(nowMs: number, extendMs: number, checkpointMs = Infinity): void {
    this.demote();
    this.#checkpointMs = checkpointMs;
    this.#promoted = true;
    const leases = [...this.#leases.values()];
    for (const lease of leases) {
      const seconds = lease.remainingSeconds || lease.ttlSeconds;
      lease.deadlineMs = nowMs + seconds * 1000 + extendMs;
    }
    leases.sort((a, b) => a.deadlineMs - b.deadlineMs || (a.id < b.id ? -1 : 1));
    for (const [i, lease] of leases.entries()) {
      const earlier = leases[i - promotedPerSecond];
      if (earlier) lease.deadlineMs = Math.max(lease.deadlineMs, earlier.deadlineMs + 1000);
      this.#due.push({ lease, atMs: lease.deadlineMs });
      this.#watchRemaining(lease, nowMs);
    }
  }

  demote(): void {
    this.#promoted = false;
    this.#due.clear();
    this.#checkpoints.clear();
    this.#unscheduled = [];
    for (const lease of this.#leases.values()) {
      lease.deadlineMs = Infinity;
      lease.wasDue = false;
    }
  }

  /** Starts a lease's time anew: its TTL in seconds, or undefined where it is gone or due. */
  renew(id: LeaseId, nowMs: number): number | undefined {
    this.schedule(nowMs);
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.deadlineMs <= nowMs) return undefined;
    lease.deadlineMs = nowMs + lease.ttlSeconds * 1000;
    return lease.ttlSeconds;
  }

  /** Ids to revoke now, at most `max`, longest due first; one not revoked is named again in 3 s. */
  expired(nowMs: number, max: number): LeaseId[] {
    this.schedule(nowMs);
    const ids: LeaseId[] = [];
    while (ids.length < max && this.#settleTop() <= nowMs) {
      const { lease } = must(this.#due.pop(), 'something is due');
      ids.push(lease.id);
      this.#due.push({ lease, atMs: nowMs + retryMs });
    }
    return ids;
  }

  /** When `expired` next has something to say; undefined: never, as things are. */
  nextExpiryMs(nowMs: number): number | undefined {
    this.schedule(nowMs);
    const atMs = this.#settleTop();
    return atMs === Infinity ? undefined : atMs;
  }

  /** Whole seconds left, as TimeToLive answers (never negative); undefined: no such lease. */
  remaining(id: LeaseId, nowMs: number): number | undefined {
    this.schedule(nowMs);
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    if (lease.deadlineMs === Infinity) return lease.ttlSeconds;
    return Math.max(0, Math.floor((lease.deadlineMs - nowMs) / 1000));
  }

  /**
   * What is to be replicated now, at most `max`, so that a change of leader does not give long leases
   * their whole time again. A lease is named once in each interval, unless it was just renewed or its
   * last checkpoint left less than an interval.
   */
  checkpointsDue(nowMs: number, max: number): LeaseCheckpoint[] {
    this.schedule(nowMs);
    const due: LeaseCheckpoint[] = [];
    for (let top = this.#checkpoints.peek(); top && top.atMs <= nowMs; ) {
      if (due.length === max) break;
      this.#checkpoints.pop();
      const { lease } = top;
      if (this.#isThere(lease) && lease.deadlineMs > nowMs) {
        const remainingSeconds = Math.ceil((lease.deadlineMs - nowMs) / 1000);
        const long = (lease.remainingSeconds || lease.ttlSeconds) * 1000 > this.#checkpointMs;
        if (long && remainingSeconds < lease.ttlSeconds) {
          lease.wasDue = true;
          due.push({ id: lease.id, remainingSeconds });
        }
        this.#checkpoints.push({ lease, atMs: nowMs + this.#checkpointMs });
      }
      top = this.#checkpoints.peek();
    }
    return due;
  }

  #watchRemaining(lease: Lease, nowMs: number): void {
    if (lease.ttlSeconds * 1000 <= this.#checkpointMs) return;
    this.#checkpoints.push({ lease, atMs: nowMs + this.#checkpointMs });
  }

  /** Starts the time of leases granted since the last call. Cheap; call it after grants. */
  schedule(nowMs: number): void {
    for (const lease of this.#unscheduled) {
      lease.deadlineMs = nowMs + lease.ttlSeconds * 1000;
      this.#due.push({ lease, atMs: lease.deadlineMs });
      this.#watchRemaining(lease, nowMs);
    }
    this.#unscheduled = [];
  }

  /** When the first entry is due, after putting off those whose lease was renewed. */
  #settleTop(): number {
    for (let top = this.#due.peek(); top !== undefined; top = this.#due.peek()) {
      const { lease } = top;
      const there = this.#isThere(lease);
      if (there && lease.deadlineMs <= top.atMs) return top.atMs;
      this.#due.pop();
      if (there) this.#due.push({ lease, atMs: lease.deadlineMs });
    }
    return Infinity;
  }

  #isThere(lease: Lease): boolean {
    return this.#leases.get(lease.id) === lease;
  }

  #save(lease: Lease): void {
    this.#backend.put(leaseKey(lease.id), encodeLease(lease.ttlSeconds, lease.remainingSeconds));
  }
}
