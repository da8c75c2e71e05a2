import { expect, test } from 'vitest';
import type { Operation } from '../wire/command.ts';
import { LocalCluster, silent } from '../testing/local-cluster.ts';
import type { Serving } from './context.ts';
import { Quota, type QuotaOptions } from './quota.ts';

const put: Operation = { type: 'put', put: { key: 'k', value: new Uint8Array(100) } };
const noSpace = 'etcdserver: mvcc: database space exceeded';

/** A member alone, and what became of a put and of alarms a second later. */
async function memberWith(options: Partial<QuotaOptions>) {
  const cluster = new LocalCluster(1);
  const { clock } = cluster;
  await clock.advance(3000);
  const { node, state } = cluster.member(1);
  const serving = { node, state, clock, shown: { memberId: 1n } } as unknown as Serving;
  const quota = new Quota(serving, { bytes: Infinity, autoDisarm: true, log: silent, ...options });
  return async (): Promise<[outcome: string, alarmed: boolean]> => {
    await clock.advance(1500);
    const outcome = quota.propose(put).then(
      () => 'done',
      (error: Error) => error.message,
    );
    await clock.advance(1500);
    return [await outcome, state.alarms.has('nospace')];
  };
}

test('what would exceed the quota is refused, and raises the alarm', async () => {
  const attempt = await memberWith({ bytes: 300, autoDisarm: false });
  expect(await attempt()).toEqual([noSpace, true]);
});

test('a heap that is nearly full is no space, until there is room again', async () => {
  const heap = { used: 70, limit: 100 };
  const attempt = await memberWith({ heap: () => heap });
  expect(await attempt()).toEqual(['done', false]);
  heap.used = 86;
  expect(await attempt()).toEqual([noSpace, true]);
  heap.used = 80;
  expect(await attempt()).toEqual([noSpace, true]);
  heap.used = 70;
  expect(await attempt()).toEqual(['done', false]);
});

test('told to, it leaves the alarm to people', async () => {
  const heap = { used: 90, limit: 100 };
  const attempt = await memberWith({ heap: () => heap, autoDisarm: false });
  expect(await attempt()).toEqual([noSpace, true]);
  heap.used = 10;
  expect(await attempt()).toEqual([noSpace, true]);
});
