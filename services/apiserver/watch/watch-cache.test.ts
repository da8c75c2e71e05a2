import { beforeEach, describe, expect, it } from 'vitest';
import { type Pod, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { WatchHandler } from '#shared/client';
import {
  codeOf,
  configMap,
  pod,
  startApi,
  type TestApi,
  watching,
} from '../testing/api-on-mvcc.ts';

let t: TestApi;
beforeEach(async () => {
  t = await startApi();
});

const patchLabels = (name: string, labels: object) =>
  t.api.patch(refs.pods, name, 'merge', { metadata: { labels } });

/** Without the revisions. */
const short = (events: readonly string[]): string[] => events.map((e) => e.replace(/@\d+$/, ''));

describe('a watch', () => {
  it('without a resourceVersion begins with what exists', async () => {
    await t.api.create(refs.configMaps, configMap('a'));
    const watch = await watching(t, refs.configMaps);
    await t.clock.advance(0);
    await t.api.create(refs.configMaps, configMap('b'));
    await t.api.delete(refs.configMaps, 'a');
    await t.clock.advance(0);
    expect(short(watch.events)).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
    await watch.stop();
    expect(watch.ended).toBe('end');
  });

  it('resumes after a revision, missing and repeating nothing', async () => {
    const first = await t.api.create(refs.configMaps, configMap('a'));
    await t.api.create(refs.configMaps, configMap('b'));
    await t.api.patch(refs.configMaps, 'a', 'merge', { data: { n: '1' } });
    const { resourceVersion } = first.metadata ?? {};
    const watch = await watching(t, refs.configMaps, { resourceVersion });
    await t.clock.advance(0);
    const at = Number(resourceVersion);
    expect(watch.events).toEqual([`ADDED b@${at + 1}`, `MODIFIED a@${at + 2}`]);
    await watch.stop();
  });

  it('from a revision still to come waits for it', async () => {
    const ahead = String(t.kv.mvcc.revision + 2);
    const watch = await watching(t, refs.configMaps, { resourceVersion: ahead });
    for (const name of ['a', 'b', 'c']) await t.api.create(refs.configMaps, configMap(name));
    await t.clock.advance(0);
    expect(short(watch.events)).toEqual(['ADDED c']);
    await watch.stop();
  });

  it('sees objects enter and leave its selector', async () => {
    const watch = await watching(t, refs.pods, { labelSelector: 'app=x' });
    await t.api.create(refs.pods, pod('a', { app: 'y' }));
    await patchLabels('a', { app: 'x' });
    await patchLabels('a', { more: '1' });
    const left = await patchLabels('a', { app: 'y' });
    await patchLabels('a', { more: '2' });
    await t.clock.advance(0);
    expect(short(watch.events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(watch.events.at(-1)).toBe(`DELETED a@${left.metadata?.resourceVersion}`);
    await watch.stop();
  });

  it('shows the last state that was selected when an object leaves', async () => {
    const seen: Pod[] = [];
    const abort = new AbortController();
    const run = (async () => {
      const watch = t.api.watch<Pod>(refs.pods, { labelSelector: 'app=x', signal: abort.signal });
      for await (const { object } of watch) seen.push(object);
    })();
    await t.clock.advance(0);
    await t.api.create(refs.pods, pod('a', { app: 'x' }));
    await patchLabels('a', { app: 'y' });
    await t.clock.advance(0);
    expect(seen.at(-1)?.metadata?.labels).toEqual({ app: 'x' });
    abort.abort();
    await run;
  });

  it('by field follows an object from one value to another', async () => {
    const watches = await Promise.all(
      ['', 'n1', 'n2'].map((node) =>
        watching(t, refs.pods, { fieldSelector: `spec.nodeName=${node}` }),
      ),
    );
    await t.api.create(refs.pods, pod('a'));
    await t.api.createSubresource(refs.pods, 'a', 'binding', {
      target: { kind: 'Node', name: 'n1' },
    } as Pod);
    await t.clock.advance(0);
    expect(watches.map(({ events }) => short(events))).toEqual([
      ['ADDED a', 'DELETED a'],
      ['ADDED a'],
      [],
    ]);
    await Promise.all(watches.map((watch) => watch.stop()));
  });

  it('keeps to its namespace and name', async () => {
    const here = await watching(t, refs.configMaps, { namespace: 'default' });
    const one = await watching(t, refs.configMaps, { namespace: 'default', name: 'a' });
    const named = await watching(t, refs.configMaps, { fieldSelector: 'metadata.name=a' });
    await t.api.create(refs.configMaps, configMap('a'));
    await t.api.create(refs.configMaps, configMap('b'));
    await t.api.create(refs.configMaps, configMap('a'), { namespace: 'kube-system' });
    await t.clock.advance(0);
    expect(short(here.events)).toEqual(['ADDED a', 'ADDED b']);
    expect(short(one.events)).toEqual(['ADDED a']);
    expect(short(named.events)).toEqual(['ADDED a', 'ADDED a']);
    for (const watch of [here, one, named]) await watch.stop();
  });

  it('gets bookmarks as new as the store, once a minute', async () => {
    const watch = await watching(t, refs.pods, { allowBookmarks: true });
    await t.api.create(refs.configMaps, configMap('elsewhere'));
    const { revision } = t.kv.mvcc;
    await t.clock.advance(60_000);
    expect(watch.events).toEqual([`BOOKMARK @${revision}`]);
    await watch.stop();
  });

  it('refuses what is no revision, or no selector', async () => {
    const next = (options: object) =>
      codeOf(t.settle(t.api.watch(refs.pods, options)[Symbol.asyncIterator]().next()));
    expect(await next({ resourceVersion: 'x' })).toBe('bad-request');
    expect(await next({ resourceVersion: '-1' })).toBe('bad-request');
    expect(await next({ labelSelector: 'a in (' })).toBe('bad-request');
    expect(await next({ fieldSelector: 'spec.color=red' })).toBe('bad-request');
  });
});

describe('a watch ends with expired', () => {
  it('where the window no longer reaches back to its start', async () => {
    const old = String(t.kv.mvcc.revision);
    await t.api.create(refs.configMaps, configMap('a'));
    for (let i = 0; i < 4_200; i++) {
      await t.api.patch(refs.configMaps, 'a', 'merge', { data: { n: String(i) } });
    }
    await t.clock.advance(0);
    const watch = await watching(t, refs.configMaps, { resourceVersion: old });
    expect(watch.ended).toBe('expired');
    const recent = String(t.kv.mvcc.revision - 10);
    const again = await watching(t, refs.configMaps, { resourceVersion: recent });
    for (let turn = 0; turn < 10; turn++) await t.clock.advance(0);
    expect(again.events).toHaveLength(10);
    await again.stop();
  });

  it('where it starts before this server did', async () => {
    const { api } = await t.another();
    const watch = await watching({ ...t, api }, refs.configMaps, { resourceVersion: '1' });
    expect(watch.ended).toBe('expired');
  });
});

it('a watch that begins while the cache starts over does not miss what happens meanwhile', async () => {
  const handlers: WatchHandler[] = [];
  const { kv } = t;
  const watch = kv.watch.bind(kv);
  const range = kv.range.bind(kv);
  let down = false;
  kv.watch = (request, handler) => {
    handlers.push(handler);
    return watch(request, handler);
  };
  kv.range = (request) =>
    down && request.key.startsWith('/registry/configmaps/')
      ? Promise.reject(new QuorateError('unavailable', 'no leader'))
      : range(request);
  const { api } = await t.another();
  const { metadata } = await t.api.create(refs.configMaps, configMap('a'));
  const resourceVersion = metadata?.resourceVersion;
  await (await watching({ ...t, api }, refs.configMaps, { resourceVersion })).stop();
  down = true;
  for (const handler of handlers) handler.ended(new QuorateError('expired', 'lost'), 0);
  const late = await watching({ ...t, api }, refs.configMaps, { resourceVersion });
  await t.api.create(refs.configMaps, configMap('b'));
  down = false;
  await t.clock.advance(1_000);
  expect([late.events, late.ended]).toEqual([[], 'expired']);
});

it('a server that stops ends its watches', async () => {
  const watch = await watching(t, refs.configMaps);
  await t.server.stop();
  await t.clock.advance(0);
  expect(watch.ended).toBe('unavailable');
});
