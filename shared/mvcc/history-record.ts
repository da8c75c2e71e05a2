import { Arena } from './arena.ts';
import {
  encodeLease,
  encodeMeta,
  encodeRecord,
  encodeTombstone,
  leaseKey,
  metaKey,
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
