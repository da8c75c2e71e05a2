import { compareBytes, noBytes } from './bytes.ts';
import { mvccErrors } from './errors.ts';
import { absent } from './key-history.ts';
import { endOf } from './key-range.ts';
import type { RevisionStore } from './revision-store.ts';
import type { Key, KeyValue, RangeRequest, RangeResult, SortTarget } from './types.ts';

/** Refuses a revision that cannot be read; -1 is no compaction's, in etcd, either. */
export function checkReadable(revision: number, current: number, compacted: number): void {
  if (revision > current) throw mvccErrors.futureRevision();
  if (revision < (compacted || -1)) throw mvccErrors.compacted();
}

/**
 * Reads a range. `revision` undefined: the state now, with the changes of a running transaction.
 * Filters, order, limit and count combine as in etcd, which takes the first `limit` keys *before*
 * sorting where a sort target comes without an order.
 */
export function executeRange(
  store: RevisionStore,
  request: RangeRequest,
  revision: number | undefined,
): RangeResult {
  const end = endOf(request.rangeEnd);
  if (request.countOnly === true) {
    return { kvs: [], more: false, count: store.count(request.key, end, revision) };
  }
  if (end === undefined && isPlain(request)) return readOne(store, request.key, revision);
  const limit = Math.max(0, request.limit ?? 0);
  const fetchLimit =
    limit > 0 && isKeyOrder(request) && !hasFilters(request) ? limit + 1 : Infinity;
  const read =
    request.keysOnly === true && request.sortTarget !== 'value' ? 'readWithoutValue' : 'read';
  let kvs: KeyValue[] = [];
  store.walk(request.key, end, revision, (history, position) => {
    kvs.push(store[read](history, position));
    return kvs.length < fetchLimit;
  });
  const count = kvs.length < fetchLimit ? kvs.length : store.count(request.key, end, revision);
  if (hasFilters(request)) kvs = kvs.filter((kv) => passes(kv, request));
  sort(kvs, request);
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs.length = limit;
  if (request.keysOnly === true) kvs = kvs.map((kv) => ({ ...kv, value: noBytes }));
  return { kvs, more, count };
}

/** What nearly every read is. */
function readOne(store: RevisionStore, key: Key, revision: number | undefined): RangeResult {
  const history = store.index.get(key);
  const position = history?.at(revision ?? Infinity) ?? absent;
  if (history === undefined || position === absent) return nothing;
  return { kvs: [store.read(history, position)], more: false, count: 1 };
}

const nothing: RangeResult = { kvs: [], more: false, count: 0 };

function isPlain(request: RangeRequest): boolean {
  return request.keysOnly !== true && !hasFilters(request);
}

function hasFilters(request: RangeRequest): boolean {
  return Boolean(
    request.minModRevision ||
      request.maxModRevision ||
      request.minCreateRevision ||
      request.maxCreateRevision,
  );
}

function passes(kv: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return (
    kv.modRevision >= (minModRevision || -Infinity) &&
    kv.modRevision <= (maxModRevision || Infinity) &&
    kv.createRevision >= (minCreateRevision || -Infinity) &&
    kv.createRevision <= (maxCreateRevision || Infinity)
  );
}

/** Whether the keys' own order, which they are read in, is what etcd limits by. */
function isKeyOrder({ sortOrder = 'none', sortTarget = 'key' }: RangeRequest): boolean {
  return sortOrder === 'none' || (sortTarget === 'key' && sortOrder === 'ascend');
}

function sort(kvs: KeyValue[], { sortOrder = 'none', sortTarget = 'key' }: RangeRequest): void {
  const descending = sortOrder === 'descend';
  if (sortTarget === 'key' && !descending) return;
  const compare = comparators[sortTarget];
  kvs.sort(descending ? (a, b) => compare(b, a) : compare);
}

const comparators: Record<SortTarget, (a: KeyValue, b: KeyValue) => number> = {
  key: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => compareBytes(a.value, b.value),
};
