import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import { ManualClock } from '#shared/clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { type RangePages, rangePages } from './range-pages.ts';

const all = { key: '/registry/a/', rangeEnd: '/registry/a0' };
/** As the largest message that a client takes. */
const maxBytes = 200_000;

let store: MvccKv;
let asked: number[];
let kv: KvClient;

beforeEach(() => {
  store = new MvccKv(new ManualClock());
  asked = [];
  kv = Object.assign(Object.create(store) as MvccKv, {
    async range(request: Parameters<KvClient['range']>[0]) {
      const answer = await store.range(request);
      asked.push(request.limit ?? 0);
      const bytes = answer.kvs.reduce((sum, { value }) => sum + value.length, 0);
      if (bytes > maxBytes) throw new QuorateError('resource-exhausted', 'message too large');
      return answer;
    },
  });
});

async function fill(count: number, bytes: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const key = `/registry/a/${String(i).padStart(5, '0')}`;
    await store.put({ key, value: new Uint8Array(bytes) });
  }
}

async function keysOf(range: RangePages, ahead?: boolean): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of rangePages(kv, range, ahead))
    keys.push(...page.kvs.map(({ key }) => key));
  return keys;
}

describe('a range in pages', () => {
  it('holds every key once, whatever the size of all together', async () => {
    await fill(2_000, 150);
    const keys = await keysOf(all);
    expect(keys).toHaveLength(2_000);
    expect(new Set(keys).size).toBe(2_000);
    expect(keys).toEqual([...keys].sort());
  });

  it('asks for less where an answer was larger than a message may be', async () => {
    await fill(400, 10_000);
    expect(await keysOf(all)).toHaveLength(400);
    expect(asked[0]).toBe(500);
    expect(Math.min(...asked)).toBeLessThan(21);
  });

  it('gives up where a single value is too large', async () => {
    await fill(3, maxBytes + 1);
    await expect(keysOf(all)).rejects.toThrow('message too large');
  });

  it('takes large pages of small values', async () => {
    await fill(3_000, 10);
    await keysOf(all);
    expect(asked).toEqual([500, 10_000]);
  });

  it('shows one revision, whatever is written meanwhile', async () => {
    await fill(1_200, 10);
    const keys: string[] = [];
    const revisions = new Set<number>();
    for await (const { kvs, revision } of rangePages(kv, all, false)) {
      keys.push(...kvs.map(({ key }) => key));
      revisions.add(revision);
      await store.put({ key: '/registry/a/zzz', value: new Uint8Array(1) });
      await store.deleteRange({ key: '/registry/a/00900' });
    }
    expect(revisions.size).toBe(1);
    expect(keys).toHaveLength(1_200);
  });

  it('ends at its limit, and tells how much is behind it', async () => {
    await fill(1_000, 10);
    const pages: number[][] = [];
    for await (const page of rangePages(kv, { ...all, limit: 700 })) {
      pages.push([page.kvs.length, page.remaining]);
    }
    expect(pages).toEqual([
      [500, 500],
      [200, 300],
    ]);
  });
});
