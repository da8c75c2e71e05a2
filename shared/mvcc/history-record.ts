import { Arena } from './arena.ts';
import {
  allLeases,
  allRevisions,
  decodeLease,
  decodeLeaseKey,
  decodeMeta,
  decodeRecord,
  decodeRevisionKey,
  decodeTombstone,
  encodeLease,
  encodeMeta,
  encodeRecord,
  encodeTombstone,
  leaseKey,
  metaKey,
  type MetaName,
  revisionKey,
} from './records.ts';
import type { Key, KeyValue, LeaseId } from './types.ts';

/** A key of the backend and its value. */
export type HistoryRecord = readonly [Uint8Array, Uint8Array];

/**
 * What another store of the same model kept, as this one's backend holds it. A backend filled with
 * these and restored from is at the same revision, with the same history since the compaction.
 */
export const historyRecord = {
  /** `sub`: the change's place among those of its revision. */
  change: (kv: KeyValue, sub: number): HistoryRecord => [
    revisionKey(kv.modRevision, sub, false),
    encodeRecord(new Arena(), kv).record,
  ],
  deletion: (key: Key, main: number, sub: number): HistoryRecord => [
    revisionKey(main, sub, true),
    encodeTombstone(new Arena(), key),
  ],
  /** `remainingSeconds`: its last checkpoint, 0 where there is none. */
  lease: (id: LeaseId, ttlSeconds: number, remainingSeconds: number): HistoryRecord => [
    leaseKey(id),
    encodeLease(ttlSeconds, remainingSeconds),
  ],
  /** Older history may be there in part; it is dropped when the store runs. */
  compacted: (revision: number): HistoryRecord => [metaKey('compact'), encodeMeta(revision)],
} as const;

/** A change as a backend holds it; no `kv` where it deletes. */
export interface HistoryChange {
  readonly main: number;
  readonly sub: number;
  readonly key: Key;
  readonly kv: KeyValue | undefined;
}

/** What another store of the same model would keep, read from this one's backend. */
export const historyIn = {
  /** From where to where changes stand, in the order they were made, and leases. */
  changes: allRevisions,
  leases: allLeases,
  change([id, record]: HistoryRecord): HistoryChange {
    const { main, sub, tombstone } = decodeRevisionKey(id);
    if (tombstone) return { main, sub, key: decodeTombstone(record), kv: undefined };
    const kv = decodeRecord(record, main);
    return { main, sub, key: kv.key, kv };
  },
  lease([id, record]: HistoryRecord): {
    id: LeaseId;
    ttlSeconds: number;
    remainingSeconds: number;
  } {
    return { id: decodeLeaseKey(id), ...decodeLease(record) };
  },
  /** Revisions: the compaction wanted, and the last whose deleting is complete; 0 for none. */
  compaction(get: (key: Uint8Array) => Uint8Array | undefined): { wanted: number; done: number } {
    const read = (name: MetaName): number => decodeMeta(get(metaKey(name)));
    return { wanted: read('compact'), done: read('compact-done') };
  },
} as const;
