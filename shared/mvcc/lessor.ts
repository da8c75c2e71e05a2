import type { Key, LeaseId } from './types.ts';

/** A lease as people ask for it. */
export interface LeaseInfo {
  readonly id: LeaseId;
  /** As granted, in seconds. */
  readonly ttlSeconds: number;
  readonly keys: readonly Key[];
}

/**
 * Leases. What exists and what is attached is replicated state, changed through Mvcc; deadlines are
 * kept by the leader alone, in whatever milliseconds its host counts.
 */
export class Lessor {
  /** Undefined where there is no such lease; keys in order. */
  info(_id: LeaseId): LeaseInfo | undefined {
    return undefined;
  }
  has(_id: LeaseId): boolean {
    return false;
  }
  ids(): LeaseId[] {
    return [];
  }
  get size(): number {
    return 0;
  }
  get promoted(): boolean {
    return false;
  }
  /** This member leads: every lease gets its whole TTL plus `extendMs` from now on, spread out. */
  promote(_nowMs: number, _extendMs: number): void {}
  demote(): void {}
  /** The TTL in seconds, or undefined where the lease is gone or due. Leader only. */
  renew(_id: LeaseId, _nowMs: number): number | undefined {
    return undefined;
  }
  /** Ids to revoke now, at most `max`; each is named again only 3 s later. Leader only. */
  expired(_nowMs: number, _max: number): LeaseId[] {
    return [];
  }
  /** When `expired` next has something, for the host's timer; undefined: never. */
  nextExpiryMs(): number | undefined {
    return undefined;
  }
  /** Whole seconds left, as TimeToLive answers; undefined: no such lease. Leader only. */
  remaining(_id: LeaseId, _nowMs: number): number | undefined {
    return undefined;
  }
}
