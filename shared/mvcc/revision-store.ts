import { assert, LargeSet, must } from '#shared/base';
import { Arena } from './arena.ts';
import type { Backend } from './backend.ts';
import { noBytes } from './bytes.ts';
import { absent, type KeyHistory, newest } from './key-history.ts';
import { KeyIndex } from './key-index.ts';
import { DroppedRecords } from './dropped.ts';
import { infinity } from './key-range.ts';
import type { Lessor } from './lessor.ts';
import { decodeRecord, encodeRecord, encodeTombstone, noLease, revisionKey } from './records.ts';
import type { Revisions } from './revision-reader.ts';
import type { Event, Key, KeyValue, LeaseId } from './types.ts';
import { ValueCache } from './value-cache.ts';

/** So many dropped records are gathered before they are deleted, at some 20 bytes each. */
const droppedMax = 500_000;

/**
 * Keys with their histories in memory, values in the backend. Knows no requests: it reads a key's
 * state, and makes one change at a revision it is told.
 */
export class RevisionStore {
  readonly index: KeyIndex;
  readonly backend: Backend;
  readonly cache: ValueCache;
  /** That compactions have deleted. */
  compactedRecords = 0;
  readonly #lessor: Lessor;
  readonly #arena = new Arena();
  /** So that a compaction need not look at the keys that nothing has happened to. */
  #compactable: LargeSet<KeyHistory>;
  /** Those that a compaction has yet to look at. */
  #toCompact = new LargeSet<KeyHistory>();
  readonly #dropped = new DroppedRecords();
  /** No more keys are looked at until what was dropped is deleted. */
  #deleting = false;
  /** Made since this was, alone and in transactions; for metrics. */
  puts = 0;
  /** Of their keys and values. */
  putBytes = 0;

  constructor(backend: Backend, lessor: Lessor, cacheBytes: number, revisions = noRevisions()) {
    this.index = revisions.index;
    this.#compactable = revisions.compactable;
    this.backend = backend;
    this.cache = new ValueCache(cacheBytes);
    this.#lessor = lessor;
  }

  /** Tells a lessor that knows all leases what is attached to them. */
  loadAttachments(): void {
    if (this.#lessor.size === 0) return;
    this.index.walk('', undefined, (history) => {
      if (history.lease !== noLease) this.#lessor.attach(history.lease, history.key);
      return true;
    });
  }

  /** The key's state now, where it exists. */
  current(key: Key): KeyValue | undefined {
    const history = this.index.get(key);
    return history?.live === true ? this.read(history, newest) : undefined;
  }

  /** Visits keys that exist at `revision` (undefined: now, with uncommitted changes), in order. */
  walk(
    key: Key,
    end: Key | undefined,
    revision: number | undefined,
    visit: (history: KeyHistory, position: number) => boolean,
  ): void {
    const step = (history: KeyHistory): boolean => {
      const position = history.at(revision ?? Infinity);
      return position === absent || visit(history, position);
    };
    if (end === undefined) {
      const history = this.index.get(key);
      if (history !== undefined) step(history);
    } else {
      this.index.walk(key, end === infinity ? undefined : end, step);
    }
  }

  /** How many keys `walk` would visit. */
  count(key: Key, end: Key | undefined, revision: number | undefined): number {
    if (end !== undefined) {
      return this.index.count(key, end === infinity ? undefined : end, revision ?? Infinity);
    }
    return (this.index.get(key)?.at(revision ?? Infinity) ?? absent) === absent ? 0 : 1;
  }

  read(history: KeyHistory, position: number): KeyValue {
    if (position === newest) {
      const cached = this.cache.get(history);
      if (cached !== undefined) return cached;
    }
    const main = history.mainAt(position);
    const record = this.backend.get(revisionKey(main, history.subAt(position), false));
    const kv = decodeRecord(must(record, 'an indexed revision is in the backend'), main);
    if (position === newest) this.cache.set(history, kv);
    return kv;
  }

  /** As `read`, but with an empty value, which mostly needs no backend. */
  readWithoutValue(history: KeyHistory, position: number): KeyValue {
    if (position !== newest) return { ...this.read(history, position), value: noBytes };
    const { key, main: modRevision, createRevision, version, lease } = history;
    return { key, value: noBytes, createRevision, modRevision, version, lease };
  }

  put(key: Key, value: Uint8Array, lease: LeaseId, main: number, sub: number): Event {
    const history = this.index.ensure(key);
    const prevKv = cachedBefore(history, main);
    const createRevision = history.live ? history.createRevision : main;
    const version = history.version + 1;
    const { record, kv } = encodeRecord(this.#arena, {
      key: history.key,
      value,
      createRevision,
      modRevision: main,
      version,
      lease,
    });
    this.#moveLease(history, lease);
    if (!history.live) this.index.touch(history.key);
    if (history.main > 0) this.#compactable.add(history);
    history.push(main, sub, createRevision, version, lease);
    this.backend.put(revisionKey(main, sub, false), record);
    this.puts++;
    this.putBytes += key.length + value.length;
    this.cache.set(history, kv);
    return prevKv === undefined ? { type: 'put', kv } : { type: 'put', kv, prevKv };
  }

  delete(history: KeyHistory, main: number, sub: number): Event {
    assert(history.live, 'only what exists is deleted');
    const prevKv = cachedBefore(history, main);
    this.#moveLease(history, noLease);
    this.index.touch(history.key);
    this.#compactable.add(history);
    history.push(main, sub, 0, 0, noLease);
    this.backend.put(revisionKey(main, sub, true), encodeTombstone(this.#arena, history.key));
    this.cache.drop(history);
    const kv = deletedKv(history.key, main);
    return prevKv === undefined ? { type: 'delete', kv } : { type: 'delete', kv, prevKv };
  }

  #moveLease(history: KeyHistory, lease: LeaseId): void {
    if (history.lease === lease) return;
    if (history.lease !== noLease) this.#lessor.detach(history.lease, history.key);
    if (lease !== noLease) this.#lessor.attach(lease, history.key);
  }

  /** Has `compactKeys` look at everything that has changed so far. */
  beginCompaction(): void {
    const changed = this.#compactable;
    this.#compactable = new LargeSet();
    if (this.#toCompact.size === 0) this.#toCompact = changed;
    else for (const history of changed) this.#toCompact.add(history);
  }

  /**
   * Drops what compaction at `revision` makes unreachable: looks at keys, and deletes records, about `work` of both
   * together. True: there is more to do.
   */
  compactKeys(revision: number, work: number): boolean {
    const left = this.#deleting ? work : work - this.#dropOf(revision, work);
    this.#deleting ||= this.#toCompact.size === 0 || this.#dropped.size >= droppedMax;
    if (this.#deleting) this.#deleteDropped(left);
    if (this.#dropped.size > 0) return true;
    this.#deleting = false;
    return this.#toCompact.size > 0;
  }

  /** How many keys were looked at. */
  #dropOf(revision: number, maxKeys: number): number {
    let visited = 0;
    for (const history of this.#toCompact) {
      if (visited === maxKeys) break;
      visited++;
      this.#toCompact.delete(history);
      const left = history.compact(revision, (main, sub, tombstone) => {
        this.#dropped.add({ main, sub, tombstone });
      });
      if (!left) this.index.delete(history.key);
      else if (history.compactable) this.#compactable.add(history);
    }
    return visited;
  }

  #deleteDropped(work: number): void {
    for (let left = work; left > 0; ) {
      const records = this.#dropped.take();
      if (records.length === 0) return;
      for (const { main, sub, tombstone } of records) {
        this.backend.delete(revisionKey(main, sub, tombstone));
      }
      this.compactedRecords += records.length;
      left -= records.length;
    }
  }
}

function noRevisions(): Revisions {
  return { index: new KeyIndex(), compactable: new LargeSet() };
}

/** What the cache has of a key before a revision's first change of it. */
function cachedBefore(history: KeyHistory, revision: number): KeyValue | undefined {
  return history.main === revision ? undefined : history.cached;
}

export function deletedKv(key: Key, modRevision: number): KeyValue {
  return { key, value: noBytes, createRevision: 0, modRevision, version: 0, lease: noLease };
}
