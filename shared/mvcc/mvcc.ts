import { assertNever } from '#shared/base';
import type { Backend } from './backend.ts';
import { mvccErrors } from './errors.ts';
import { type HashKvResult, hashRevisions, hashState } from './hash.ts';
import { absent } from './key-history.ts';
import { Lessor } from './lessor.ts';
import {
  allRevisions,
  decodeMeta,
  decodeRecord,
  decodeRevisionKey,
  decodeTombstone,
  encodeMeta,
  metaKey,
  revisionBounds,
} from './records.ts';
import { checkReadable, executeRange } from './range.ts';
import { RevisionReader } from './revision-reader.ts';
import { deletedKv, RevisionStore } from './revision-store.ts';
import { planTxn, type TxnPlan, type TxnStep } from './txn.ts';
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
  ResponseOp,
  TxnRequest,
  TxnResult,
} from './types.ts';
import { checkExists, checkLease, Writer } from './writer.ts';

/** So that revision 0 can be compacted, once, as in etcd. */
const neverCompacted = -1;
const defaultCacheBytes = 32 * 1024 * 1024;

export interface MvccOptions {
  /** Bound on the decoded current values kept in memory; default 32 MiB. */
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

export interface EventsSlice {
  readonly events: readonly Event[];
  /** Every event of revisions up to this one is in the slice. */
  readonly through: number;
}

/**
 * The state machine of the store: etcd's data model over a backend. Equal operations in equal order
 * give equal state, answers and digests on every member. Every method does all of what it says, or
 * throws a QuorateError with etcd's text and has changed nothing.
 *
 * Requests must have passed the pure checks of checks.ts.
 */
export class Mvcc {
  readonly #backend: Backend;
  readonly #cacheBytes: number;
  #store: RevisionStore;
  readonly #lessor: Lessor;
  /** An empty store is at revision 1, so that 0 can mean "none". */
  #revision = 1;
  #compactRevision = neverCompacted;
  /** Whether there is something left to delete of what compaction dropped. */
  #compacting = false;

  /** Over an empty backend; call `restore` where it may hold something. */
  constructor(backend: Backend, options: MvccOptions = {}) {
    this.#backend = backend;
    this.#cacheBytes = options.cacheBytes ?? defaultCacheBytes;
    this.#lessor = new Lessor(backend);
    this.#store = new RevisionStore(backend, this.#lessor, this.#cacheBytes);
  }

  /** Rebuilds everything in memory from the backend; for a start and after a snapshot install. */
  restore(): void {
    this.#lessor.load();
    const revisions = (this.#backend.takeRevisions?.() ?? scanned(this.#backend)).finish();
    const { last } = revisions;
    this.#store = new RevisionStore(this.#backend, this.#lessor, this.#cacheBytes, revisions);
    this.#store.loadAttachments();
    const compact = this.#backend.get(metaKey('compact'));
    this.#compactRevision = compact ? decodeMeta(compact) : neverCompacted;
    const done = decodeMeta(this.#backend.get(metaKey('compact-done')));
    this.#compacting = done < this.#compactRevision;
    if (this.#compacting) this.#store.beginCompaction();
    this.#revision = Math.max(1, last, this.#compactRevision);
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that can be read or watched; 0 before the first compaction. */
  get compactRevision(): number {
    return Math.max(0, this.#compactRevision);
  }

  get leases(): Lessor {
    return this.#lessor;
  }

  range(request: RangeRequest): RangeResult {
    const revision = request.revision ?? 0;
    if (revision <= 0) return executeRange(this.#store, request, undefined);
    checkReadable(revision, this.#revision, this.compactRevision);
    return executeRange(this.#store, request, revision);
  }

  put(request: PutRequest): Applied<PutResult> {
    checkLease(this.#lessor, request);
    checkExists(this.#store, request);
    return this.#write((writer) => writer.put(request));
  }

  deleteRange(request: DeleteRangeRequest): Applied<DeleteRangeResult> {
    return this.#write((writer) => writer.deleteRange(request));
  }

  txn(request: TxnRequest): Applied<TxnResult> {
    const plan = planTxn(this.#store, request);
    this.#checkPuts(plan);
    this.#checkRanges(plan);
    return this.#write((writer) => this.#execute(writer, plan));
  }

  /** Takes effect at once and is persisted; deleting goes on in `compactionSteps`. */
  compact(revision: number): void {
    if (revision <= this.#compactRevision) throw mvccErrors.compacted();
    if (revision > this.#revision) throw mvccErrors.futureRevision();
    this.#compactRevision = revision;
    this.#compacting = true;
    this.#store.beginCompaction();
    this.#backend.put(metaKey('compact'), encodeMeta(revision));
  }

  /**
   * Deletes what compaction dropped, visiting keys and deleting records, about `workPerStep` a step. Between steps
   * anything may be applied; nothing visible depends on how far this is, nor does a digest. May be
   * abandoned and begun again at any time, also after a restore.
   */
  *compactionSteps(workPerStep = 1000): Generator<void, void> {
    while (this.#compacting) {
      const revision = this.#compactRevision;
      this.#compacting = this.#store.compactKeys(revision, workPerStep);
      if (!this.#compacting) {
        this.#backend.put(metaKey('compact-done'), encodeMeta(revision));
      }
      yield;
    }
  }

  get compactionPending(): boolean {
    return this.#compacting;
  }

  /** The id must be chosen and the TTL clamped (`checkLeaseGrant`) by the proposer. */
  leaseGrant(id: LeaseId, ttlSeconds: number): void {
    this.#lessor.grant(id, ttlSeconds);
  }

  /** Deletes the lease's keys in one revision, in key order. */
  leaseRevoke(id: LeaseId): Applied<undefined> {
    const keys = this.#lessor.info(id)?.keys;
    if (keys === undefined) throw mvccErrors.leaseNotFound();
    const applied = this.#write((writer) => {
      writer.deleteKeys(keys);
      return undefined;
    });
    this.#lessor.drop(id);
    return applied;
  }

  /** Records how much of its TTL a lease has left, for the next leader; unknown ids are ignored. */
  leaseCheckpoint(id: LeaseId, remainingSeconds: number): void {
    this.#lessor.checkpoint(id, remainingSeconds);
  }

  /**
   * Events of revisions from..to in order, whole revisions only, ending after the revision that
   * reaches `maxEvents`. No `prevKv`. Throws `expired` below the compaction.
   */
  eventsBetween(from: number, to: number, maxEvents = Infinity): EventsSlice {
    checkReadable(from, Infinity, this.compactRevision);
    const last = Math.min(to, this.#revision);
    const events: Event[] = [];
    let through = from - 1;
    for (const [keyBytes, record] of this.#backend.scan(...revisionBounds(from, last))) {
      const { main, tombstone } = decodeRevisionKey(keyBytes);
      if (main !== through && events.length >= maxEvents) return { events, through };
      through = main;
      events.push(
        tombstone
          ? { type: 'delete', kv: deletedKv(decodeTombstone(record), main) }
          : { type: 'put', kv: decodeRecord(record, main) },
      );
    }
    return { events, through: Math.max(through, last) };
  }

  /** The key as it was before `revision`; undefined where it was absent, or that is compacted. */
  before(key: Key, revision: number): KeyValue | undefined {
    if (revision - 1 < this.#compactRevision) return undefined;
    const history = this.#store.index.get(key);
    const position = history?.at(revision - 1) ?? absent;
    if (history === undefined || position === absent) return undefined;
    return this.#store.read(history, position);
  }

  /** Digest of everything visible from the compaction up to `revision` (0: now). O(all records). */
  hashKv(revision = 0): HashKvResult {
    const steps = this.hashKvSteps(revision, Infinity);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /**
   * As `hashKv`, so many records a step. Between steps anything may be applied; where that is a
   * compaction it ends with etcd's error, since what is visible has changed.
   */
  *hashKvSteps(revision: number, recordsPerStep: number): Generator<void, HashKvResult> {
    const { compactRevision } = this;
    const hashRevision = revision > 0 ? revision : this.#revision;
    checkReadable(hashRevision, this.#revision, compactRevision);
    const steps = hashRevisions(this.#store, compactRevision, hashRevision, recordsPerStep);
    for (;;) {
      const step = steps.next();
      if (step.done) return { hash: step.value, hashRevision, compactRevision };
      yield;
      if (this.compactRevision !== compactRevision) throw mvccErrors.compacted();
    }
  }

  /** Digest of the whole replicated state, leases too: of its keys as `kv` says. */
  hash(kv = this.hashKv()): number {
    return hashState(kv, this.#lessor);
  }

  /** One line for logs and scenarios. */
  describe(): string {
    const { size } = this.#store.index;
    const compacted = `${this.compactRevision}${this.compactionPending ? ' (deleting)' : ''}`;
    return `revision ${this.#revision}, compacted ${compacted}, keys ${size}, leases ${this.#lessor.size}`;
  }

  /** Records that compactions have deleted since this was made; for metrics. */
  get compactedRecords(): number {
    return this.#store.compactedRecords;
  }

  /** Keys that are there now; for metrics. */
  get liveKeys(): number {
    return this.#store.index.count('', undefined, Infinity);
  }

  /** Puts since this was made, and the bytes of their keys and values; for metrics. */
  get puts(): { readonly count: number; readonly bytes: number } {
    return { count: this.#store.puts, bytes: this.#store.putBytes };
  }

  #write<T>(change: (writer: Writer) => T): Applied<T> {
    const writer = new Writer(this.#store, this.#revision);
    const result = change(writer);
    this.#revision = writer.revision;
    return { result, revision: this.#revision, events: writer.events };
  }

  /** Everything that can fail must do so before the first change: puts first, then ranges. */
  #checkPuts(plan: TxnPlan): void {
    for (const step of plan.steps) {
      if (step.type === 'txn') this.#checkPuts(step.plan);
      if (step.type !== 'put') continue;
      checkExists(this.#store, step.put);
      checkLease(this.#lessor, step.put);
    }
  }

  #checkRanges(plan: TxnPlan): void {
    for (const step of plan.steps) {
      if (step.type === 'txn') this.#checkRanges(step.plan);
      if (step.type !== 'range' || !step.range.revision) continue;
      checkReadable(step.range.revision, this.#revision, this.compactRevision);
    }
  }

  #execute(writer: Writer, plan: TxnPlan): TxnResult {
    const responses = plan.steps.map((step) => this.#executeStep(writer, step));
    return { succeeded: plan.succeeded, responses };
  }

  #executeStep(writer: Writer, step: TxnStep): ResponseOp {
    switch (step.type) {
      case 'range': {
        const at = step.range.revision;
        const range = executeRange(this.#store, step.range, at && at > 0 ? at : undefined);
        return { type: 'range', revision: writer.revision, range };
      }
      case 'put': {
        const put = writer.put(step.put);
        return { type: 'put', revision: writer.revision, put };
      }
      case 'deleteRange': {
        const deleteRange = writer.deleteRange(step.deleteRange);
        return { type: 'deleteRange', revision: writer.revision, deleteRange };
      }
      case 'txn':
        // etcd leaves the header of a nested answer empty.
        return { type: 'txn', revision: 0, txn: this.#execute(writer, step.plan) };
      default:
        return assertNever(step, 'operation');
    }
  }
}

function scanned(backend: Backend): RevisionReader {
  const reader = new RevisionReader();
  for (const [key, record] of backend.scan(...allRevisions)) reader.add(key, record);
  return reader;
}
