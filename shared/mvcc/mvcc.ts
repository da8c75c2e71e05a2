import { must } from '#shared/base';
import type { Backend } from './backend.ts';
import type { Lessor } from './lessor.ts';
import type {
  DeleteRangeRequest,
  DeleteRangeResult,
  Event,
  Key,
  KeyValue,
  LeaseId,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
} from './types.ts';

export interface MvccOptions {
  /** Bound on the decoded current values kept in memory; default 64 MiB. */
  readonly cacheBytes?: number | undefined;
}

/** What one applied operation did. */
export interface Applied<T> {
  readonly result: T;
  /** The store's revision afterwards: for the response header. */
  readonly revision: number;
  /**
   * For the watchers, all of one revision; empty where nothing changed. A `prevKv` is present when
   * it happened to be in memory; WatchHub looks the others up.
   */
  readonly events: readonly Event[];
}

export interface HashKvResult {
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
}

export interface EventsSlice {
  readonly events: readonly Event[];
  /** Every event of revisions up to this one is in the slice. */
  readonly through: number;
}

/** Every method throws a QuorateError with etcd's text and changes nothing, or does it all. */
export class Mvcc {
  constructor(_backend: Backend, _options: MvccOptions = {}) {}
  /** Rebuilds everything in memory from the backend; for a start and after a snapshot install. */
  restore(): void {}
  get revision(): number {
    return 1;
  }
  /** 0 before the first compaction. */
  get compactRevision(): number {
    return 0;
  }
  get leases(): Lessor {
    return must<Lessor>(undefined, 'later');
  }
  range(_request: RangeRequest): RangeResult {
    return must<RangeResult>(undefined, 'later');
  }
  put(_request: PutRequest): Applied<PutResult> {
    return must<Applied<PutResult>>(undefined, 'later');
  }
  deleteRange(_request: DeleteRangeRequest): Applied<DeleteRangeResult> {
    return must<Applied<DeleteRangeResult>>(undefined, 'later');
  }
  txn(_request: TxnRequest): Applied<TxnResult> {
    return must<Applied<TxnResult>>(undefined, 'later');
  }
  /** Apply-level: takes effect at once and is persisted; deleting goes on in `compactionSteps`. */
  compact(_revision: number): void {}
  /** Each step does bounded work; restartable at any time, also after a restore. */
  *compactionSteps(_keysPerStep = 1000): Generator<void, void> {}
  get compactionPending(): boolean {
    return false;
  }
  /** Apply-level. The id must be chosen and the TTL clamped (`checkLeaseGrant`) by the proposer. */
  leaseGrant(_id: LeaseId, _ttlSeconds: number): void {}
  /** Apply-level. Deletes the lease's keys in one revision, in key order. */
  leaseRevoke(_id: LeaseId): Applied<undefined> {
    return must<Applied<undefined>>(undefined, 'later');
  }
  /** Events of revisions from..to, whole revisions, stopping after about `maxEvents`. */
  eventsBetween(_from: number, _to: number, _maxEvents = Infinity): EventsSlice {
    return must<EventsSlice>(undefined, 'later');
  }
  /** The key as it was before `revision`; undefined where absent or compacted. */
  before(_key: Key, _revision: number): KeyValue | undefined {
    return undefined;
  }
  /** Digest of what is visible at `revision` (0: now) since the compaction; equal on all members. */
  hashKv(_revision = 0): HashKvResult {
    return must<HashKvResult>(undefined, 'later');
  }
  hash(): number {
    return 0;
  }
  describe(): string {
    return '';
  }
}
