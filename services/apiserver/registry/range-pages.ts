import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Key, KeyValue } from '#shared/mvcc';

/** What one answer of the store should hold: little to wait for, far below any limit of messages. */
const pageBytes = 4 * 1024 * 1024;
/** Before anything is known of the values' sizes. */
const firstKeys = 500;
const maxKeys = 10_000;

export interface RangePage {
  readonly kvs: readonly KeyValue[];
  /** That all pages show. */
  readonly revision: number;
  /** Keys behind this page. */
  readonly remaining: number;
}

export interface RangePages {
  readonly key: Key;
  readonly rangeEnd: Key;
  /** 0: the newest. */
  readonly revision?: number;
  /** Keys in all pages together; 0: all. */
  readonly limit?: number;
}

/**
 * A range of any size at one revision, in pages of about 4 MiB. While one is looked at, the next is
 * on its way, unless `ahead` is false since the caller may well stop.
 */
export async function* rangePages(
  kv: KvClient,
  { key, rangeEnd, revision: wanted = 0, limit = 0 }: RangePages,
  ahead = true,
): AsyncGenerator<RangePage, void, void> {
  let keys = firstKeys;
  let revision = wanted;
  let left = limit || Infinity;
  const read = async (start: Key): Promise<RangePage> => {
    for (;;) {
      try {
        const range = { key: start, rangeEnd, limit: Math.min(keys, left), revision };
        const { kvs, count, header } = await kv.range(range);
        keys = nextSize(kvs);
        left -= kvs.length;
        // A page at a fixed revision still reports the store's newest one in its header.
        revision ||= header.revision;
        return { kvs, revision, remaining: count - kvs.length };
      } catch (thrown) {
        // Larger than a message may be.
        if (keys === 1 || !QuorateError.is(thrown, 'resource-exhausted')) throw thrown;
        keys = Math.ceil(keys / 4);
      }
    }
  };
  let page = await read(key);
  for (;;) {
    const last = page.kvs.at(-1);
    if (!last || page.remaining <= 0 || left <= 0) {
      yield page;
      return;
    }
    const start = `${last.key}\0`;
    const next = ahead ? read(start) : undefined;
    // Who stops before it is there does not care.
    next?.catch(() => undefined);
    yield page;
    page = await (next ?? read(start));
  }
}

/** How many keys like these make a page. */
function nextSize(kvs: readonly KeyValue[]): number {
  let bytes = 0;
  for (const { value } of kvs) bytes += value.length;
  const fit = Math.floor((pageBytes * kvs.length) / Math.max(bytes, 1));
  return Math.min(maxKeys, Math.max(1, fit || firstKeys));
}
