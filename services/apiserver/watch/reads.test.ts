import { beforeEach, describe, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { refs } from '#shared/api';
import type { ApiClient, KvClient } from '#shared/client';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { configMap, settleOn } from '../testing/api-on-mvcc.ts';

let clock: ManualClock;
let kv: MvccKv;
/** Of the store, by what they ask: a header only, objects, watches. */
let calls: { headers: number; ranges: number; watches: Map<string, number> };
let api: ApiClient;
let other: ApiClient;

const counted = (store: KvClient): KvClient => ({
  ...bound(store),
  range(request) {
    if (request.countOnly === true) calls.headers += 1;
    else calls.ranges += 1;
    return store.range(request);
  },
  watch(request, handler) {
    calls.watches.set(request.key, (calls.watches.get(request.key) ?? 0) + 1);
    return store.watch(request, handler);
  },
});

function bound(store: KvClient): KvClient {
  return {
    range: (request) => store.range(request),
    put: (request) => store.put(request),
    deleteRange: (request) => store.deleteRange(request),
    txn: (request) => store.txn(request),
    compact: (revision) => store.compact(revision),
    watch: (request, handler) => store.watch(request, handler),
    leaseGrant: (request) => store.leaseGrant(request),
    leaseRevoke: (id) => store.leaseRevoke(id),
    leaseKeepAlive: (id) => store.leaseKeepAlive(id),
    close: () => store.close(),
  };
}

const start = async (store: KvClient, seed: number): Promise<ApiServer> => {
  let uid = 0;
  const server = createApiServer({
    kv: store,
    clock,
    log: silentLog,
    rng: createRng(seed),
    uuid: () => `uid-${seed}-${++uid}`,
    admission: { disabled: ['ServiceAccount'] },
  });
  await settleOn(clock, server.start());
  return server;
};

const forget = (): void => {
  calls = { headers: 0, ranges: 0, watches: calls.watches };
};

beforeEach(async () => {
  clock = new ManualClock();
  kv = new MvccKv(clock);
  calls = { headers: 0, ranges: 0, watches: new Map() };
  api = (await start(counted(kv), 1)).api;
  other = (await start(kv, 2)).api;
  for (let i = 0; i < 10; i++) {
    await settleOn(clock, other.create(refs.configMaps, configMap(`m${i}`)));
  }
  forget();
});

describe('reads', () => {
  it('at the same time take one look at the store, and none at objects', async () => {
    const reads = Array.from({ length: 100 }, (_, i) =>
      i % 2 === 0
        ? api.list(refs.configMaps, { namespace: 'default' })
        : api.get(refs.configMaps, `m${i % 10}`, 'default'),
    );
    await settleOn(clock, Promise.all(reads));
    expect(calls.ranges).toBe(0);
    // The first begins at once; all others share the next.
    expect(calls.headers).toBeLessThanOrEqual(2);
  });

  it('see what was written before them through another server, whatever the watch has brought', async () => {
    // Time stands: no event of these writes is delivered until somebody waits for it.
    await other.create(refs.configMaps, configMap('new'));
    await other.patch(refs.configMaps, 'm1', 'merge', { data: { n: '1' } });
    await other.delete(refs.configMaps, 'm2', { namespace: 'default' });
    forget();
    const list = await settleOn(clock, api.list(refs.configMaps, { namespace: 'default' }));
    const names = list.items.map(({ metadata }) => metadata?.name);
    expect(names).toContain('new');
    expect(names).not.toContain('m2');
    expect(Number(list.resourceVersion)).toBeGreaterThanOrEqual(kv.mvcc.revision);
    const one = await settleOn(clock, api.get(refs.configMaps, 'm1', 'default'));
    expect(one).toMatchObject({ data: { n: '1' } });
    await expect(settleOn(clock, api.get(refs.configMaps, 'm2', 'default'))).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(calls.ranges).toBe(0);
  });

  it('of any age do not even look at the header', async () => {
    await other.create(refs.configMaps, configMap('new'));
    forget();
    const list = await api.list(refs.configMaps, { namespace: 'default', resourceVersion: '0' });
    expect(list.items.map(({ metadata }) => metadata?.name)).not.toContain('new');
    expect(calls).toMatchObject({ headers: 0, ranges: 0 });
  });

  it('page through one revision: the first page from memory, the others from history', async () => {
    const options = { namespace: 'default', limit: 4 };
    const first = await settleOn(clock, api.list(refs.configMaps, options));
    expect(first).toMatchObject({ remainingItemCount: 6 });
    await settleOn(clock, api.create(refs.configMaps, configMap('m00')));
    await settleOn(clock, api.delete(refs.configMaps, 'm9', { namespace: 'default' }));
    const names = first.items.map(({ metadata }) => metadata?.name);
    for (let token = first.continue; token !== undefined; ) {
      const page = await settleOn(
        clock,
        api.list(refs.configMaps, { ...options, continue: token }),
      );
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      expect(page.resourceVersion).toBe(first.resourceVersion);
      token = page.continue;
    }
    expect(names).toEqual(Array.from({ length: 10 }, (_, i) => `m${i}`));
  });
});

it('a thousand watches of a collection are one watch of the store', async () => {
  const abort = new AbortController();
  let seen = 0;
  const watchOne = async (): Promise<void> => {
    const options = { namespace: 'default', resourceVersion: '0', signal: abort.signal };
    for await (const { object } of api.watch(refs.configMaps, options)) {
      if (object.metadata?.name === 'seen') seen += 1;
    }
  };
  const watches = Array.from({ length: 1000 }, watchOne);
  await clock.advance(0);
  await other.create(refs.configMaps, configMap('seen'));
  await clock.advance(0);
  expect(seen).toBe(1000);
  expect(calls.watches.get('/registry/configmaps/')).toBe(1);
  abort.abort();
  await Promise.all(watches);
});

describe('over an etcd that answers about progress too early', () => {
  beforeEach(async () => {
    const store = { ...counted(kv), trustsProgress: () => Promise.resolve(false) };
    api = (await start(store, 3)).api;
    forget();
  });

  it('reads ask the store for objects, unless the cache is as new already', async () => {
    await other.create(refs.configMaps, configMap('new'));
    forget();
    const list = await settleOn(clock, api.list(refs.configMaps, { namespace: 'default' }));
    expect(list.items.map(({ metadata }) => metadata?.name)).toContain('new');
    expect(calls.ranges).toBe(1);
  });

  it('a watch begins with what the store has, and misses and repeats nothing', async () => {
    const names: string[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      const options = { namespace: 'default', signal: abort.signal };
      for await (const { object } of api.watch(refs.configMaps, options)) {
        names.push(object.metadata?.name ?? '');
      }
    })();
    await other.create(refs.configMaps, configMap('new'));
    for (let turn = 0; turn < 5; turn++) await clock.advance(0);
    await other.create(refs.configMaps, configMap('newer'));
    await clock.advance(0);
    expect(names.filter((name) => name.startsWith('new'))).toEqual(['new', 'newer']);
    abort.abort();
    await watching;
  });
});
