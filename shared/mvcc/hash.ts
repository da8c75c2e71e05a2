import { crc32c } from './crc32c.ts';
import type { Lessor } from './lessor.ts';
import {
  decodeRecordHead,
  decodeRevisionKey,
  encodeLease,
  encodeMeta,
  leaseKey,
  type RecordId,
  revisionBounds,
} from './records.ts';
import { newest } from './key-history.ts';
import type { RevisionStore } from './revision-store.ts';

export interface HashKvResult {
  /** CRC-32C. */
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
}

/**
 * Digest of the records up to `revision` that compaction leaves, whether or not the others are
 * deleted already: members may be at different points of that.
 */
export function* hashRevisions(
  store: RevisionStore,
  compacted: number,
  revision: number,
  recordsPerStep: number,
): Generator<void, number> {
  let crc = 0;
  let [low, high] = revisionBounds(0, revision);
  for (;;) {
    let left = recordsPerStep;
    for (const [keyBytes, record] of store.backend.scan(low, high)) {
      low = successor(keyBytes);
      const id = decodeRevisionKey(keyBytes);
      if (id.main >= compacted || isVisible(store, id, record, compacted)) {
        crc = crc32c(record, crc32c(keyBytes, crc));
      }
      if (--left === 0) break;
    }
    if (left > 0) return crc;
    yield;
  }
}

/** The next key there can be. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** Whether a record older than the compaction is the state of its key at the compaction. */
function isVisible(
  store: RevisionStore,
  id: RecordId,
  record: Uint8Array,
  compacted: number,
): boolean {
  if (id.tombstone) return false;
  const history = store.index.get(decodeRecordHead(record, id.main).key);
  // Its key is gone, and it is to go, too.
  if (history === undefined) return false;
  const position = history.at(compacted);
  if (position < newest) return false;
  return history.mainAt(position) === id.main && history.subAt(position) === id.sub;
}

export function hashState(kv: HashKvResult, lessor: Lessor): number {
  let crc = crc32c(encodeMeta(kv.hash));
  crc = crc32c(encodeMeta(kv.hashRevision), crc32c(encodeMeta(kv.compactRevision), crc));
  for (const id of lessor.ids()) {
    const { ttlSeconds, remainingSeconds } = lessor.record(id);
    crc = crc32c(encodeLease(ttlSeconds, remainingSeconds), crc32c(leaseKey(id), crc));
  }
  return crc;
}
