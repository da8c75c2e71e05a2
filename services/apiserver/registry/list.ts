import { QuorateError } from '#shared/base';
import { badRequest, collectionPrefix, type KubeObject, type Resource } from '#shared/api';
import type { KvClient, ListOptions, ObjectList } from '#shared/client';
import type { Key, KeyValue } from '#shared/mvcc';
import { decodeContinue, encodeContinue, expiredContinue } from './continue-token.ts';
import { checkNamespace, prefixEnd } from './keys.ts';
import { rangePages } from './range-pages.ts';
import { parseResourceVersion, tooLargeVersion } from './resource-version.ts';
import { parseSelection, type Selection } from './selection.ts';
import type { Snapshot } from '../watch/resource-cache.ts';

export interface Lister {
  readonly kv: KvClient;
  /** The object in a key's value: the one already parsed, where there is one. */
  decode(resource: Resource, kv: KeyValue): KubeObject;
  /** The collection in memory: at least as new as this call, or of any age; undefined where it is not known. */
  cached(resource: Resource, age: 'fresh' | 'any'): Promise<Snapshot | undefined>;
}

interface Page {
  readonly items: KubeObject[];
  readonly revision: number;
  /** The first key that was not looked at; absent at the end. */
  readonly next?: Key;
  readonly remaining: number;
}

/** What of a collection is wanted: the objects from `start` to `end` that are selected. */
interface Wanted {
  readonly resource: Resource;
  readonly start: Key;
  readonly end: Key;
  readonly selection: Selection;
  /** 0: all. */
  readonly limit: number;
}

/**
 * A consistent snapshot of a collection, out of the watch cache. With a limit it comes in pages
 * which all show the first page's revision: the others are read from the store's history. A page may be short
 * only at the end.
 */
export async function listObjects(
  lister: Lister,
  resource: Resource,
  options: ListOptions,
): Promise<ObjectList> {
  const selection = parseSelection(resource, options);
  const limit = options.limit ?? 0;
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw badRequest(`limit: Invalid value: ${limit}: must be an integer that is not negative`);
  }
  const namespace = options.namespace ? checkNamespace(resource, options.namespace) : '';
  const prefix = collectionPrefix(resource, namespace);
  const token = options.continue ? decodeContinue(options.continue) : undefined;
  const version = wantedVersion(options, limit);
  const start = prefix + (token?.start ?? '');
  const wanted: Wanted = { resource, start, end: prefixEnd(prefix), selection, limit };
  const exact = token?.revision ?? version.exact;
  const cached = exact === 0 && (await lister.cached(resource, version.any ? 'any' : 'fresh'));
  const page = cached ? pageOf(cached, wanted) : await readPage(lister, wanted, exact);
  const { items, revision, next, remaining } = page;
  if (revision < version.atLeast) throw tooLargeVersion(version.atLeast, revision);
  return {
    items,
    resourceVersion: String(revision),
    ...(next !== undefined && {
      continue: encodeContinue({ revision, start: next.slice(prefix.length) }),
      ...(selection.empty && { remainingItemCount: remaining }),
    }),
  };
}

function pageOf(snapshot: Snapshot, { start, end, selection, limit }: Wanted): Page {
  const { revision } = snapshot;
  const items: KubeObject[] = [];
  let next: Key | undefined;
  snapshot.walk(start, end, ({ object }, key) => {
    if (limit > 0 && items.length === limit) {
      next = key;
      return false;
    }
    if (selection.matches(object)) items.push(object);
    return true;
  });
  if (next === undefined) return { items, revision, remaining: 0 };
  let remaining = 0;
  snapshot.walk(next, end, () => (remaining += 1) > 0);
  return { items, revision, next, remaining };
}

/** The same from the store, as it was at a revision (0: as it is). */
async function readPage(
  lister: Lister,
  { resource, start: first, end, selection, limit }: Wanted,
  exact: number,
): Promise<Page> {
  const items: KubeObject[] = [];
  const most = selection.empty ? limit : 0;
  const range = { key: first, rangeEnd: end, revision: exact, limit: most };
  let revision = exact;
  try {
    for await (const page of rangePages(lister.kv, range, limit === 0)) {
      ({ revision } = page);
      for (const [index, kv] of page.kvs.entries()) {
        const object = lister.decode(resource, kv);
        if (selection.matches(object)) items.push(object);
        const remaining = page.remaining + page.kvs.length - index - 1;
        if (limit > 0 && items.length === limit && remaining > 0) {
          return { items, revision, next: `${kv.key}\0`, remaining };
        }
      }
    }
    return { items, revision, remaining: 0 };
  } catch (thrown) {
    if (exact > 0 && isCompacted(thrown)) throw expiredContinue();
    if (exact > 0 && isFuture(thrown)) throw tooLargeVersion(exact);
    throw thrown;
  }
}

/**
 * The revision that a list must show (0: the newest) or must have reached, and whether it may be as old as
 * it likes. Only a state of the past and one of the future need a closer look.
 */
function wantedVersion(
  { resourceVersion, resourceVersionMatch: match, continue: token }: ListOptions,
  limit: number,
): { exact: number; atLeast: number; any: boolean } {
  if (resourceVersion === undefined || resourceVersion === '') {
    if (match)
      throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
    return { exact: 0, atLeast: 0, any: false };
  }
  const revision = parseResourceVersion(resourceVersion);
  if (token && revision > 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (match === 'exact' && revision === 0) {
    throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  }
  const exact = match === 'exact' || (match === undefined && limit > 0 && revision > 0);
  return exact
    ? { exact: revision, atLeast: 0, any: false }
    : { exact: 0, atLeast: revision, any: revision === 0 };
}

/** etcd's text is the contract; the code may be its gRPC code's or our own. */
const isCompacted = (thrown: unknown): boolean =>
  thrown instanceof QuorateError &&
  (thrown.code === 'expired' || thrown.message.includes('has been compacted'));

const isFuture = (thrown: unknown): boolean =>
  thrown instanceof QuorateError && thrown.message.includes('is a future revision');
