import { expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import type { Event } from '#shared/mvcc';
import type { WatchHandler } from '../kv-client.ts';
import { MvccKv } from './mvcc-kv.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function recorder() {
  const log: string[] = [];
  const show = ({ type, kv }: Event) => `${type} ${kv.key}@${kv.modRevision}`;
  const handler: WatchHandler = {
    created: (header) => log.push(`created ${header.revision}`),
    events: (events, header) => log.push(`${events.map(show).join(', ')} (${header.revision})`),
    progress: (header) => log.push(`progress ${header.revision}`),
    ended: (error, compacted) => log.push(`ended ${compacted}: ${error.message}`),
  };
  return { log, handler };
}

test('a watch from the past hears history, then what comes, then progress', async () => {
  const clock = new ManualClock();
  const kv = new MvccKv(clock);
  await kv.put({ key: 'a', value: bytes('1') });
  const { log, handler } = recorder();
  const watch = kv.watch({ key: 'a', rangeEnd: 'c', startRevision: 2 }, handler);
  await kv.put({ key: 'b', value: bytes('2') });
  watch.requestProgress();
  await clock.advance(0);
  expect(log).toEqual(['created 2', 'put a@2, put b@3 (3)', 'progress 3']);
  await kv.deleteRange({ key: 'a' });
  watch.cancel();
  await clock.advance(0);
  expect(log).toHaveLength(3);
});

test('a watch from before the compaction ends', async () => {
  const clock = new ManualClock();
  const kv = new MvccKv(clock);
  for (const value of ['1', '2', '3']) await kv.put({ key: 'a', value: bytes(value) });
  await kv.compact(4);
  const { log, handler } = recorder();
  kv.watch({ key: 'a', startRevision: 2 }, handler);
  await clock.advance(0);
  expect(log).toEqual([
    'created 4',
    'ended 4: etcdserver: mvcc: required revision has been compacted',
  ]);
});

test('a lease that nobody keeps alive takes its keys along', async () => {
  const clock = new ManualClock();
  const kv = new MvccKv(clock);
  const { id } = await kv.leaseGrant({ ttlSeconds: 10 });
  await kv.put({ key: 'a', value: bytes('1'), lease: id });
  await clock.advance(9000);
  expect(await kv.leaseKeepAlive(id)).toBe(10);
  await clock.advance(9000);
  expect((await kv.range({ key: 'a' })).count).toBe(1);
  await clock.advance(2000);
  expect((await kv.range({ key: 'a' })).count).toBe(0);
  expect(await kv.leaseKeepAlive(id)).toBe(0);
});

test('refuses with the text of etcd', async () => {
  const kv = new MvccKv(new ManualClock());
  await expect(kv.put({ key: '', value: bytes('') })).rejects.toThrow(
    'etcdserver: key is not provided',
  );
  await kv.close();
  await expect(kv.range({ key: 'a' })).rejects.toMatchObject({ code: 'unavailable' });
});
