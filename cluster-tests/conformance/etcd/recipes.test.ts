import { eventually } from '#shared/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Api, bytes, failure, Target } from './target.ts';

/** Locks and elections as services: v3lockpb and v3electionpb. */
const target = new Target();
let apis: [Api, Api, Api];
beforeAll(async () => {
  await target.start();
  apis = [target.api(0), target.api(1), target.api(2)];
});
afterAll(() => target.stop());

interface LeaderKey {
  readonly name: Buffer;
  readonly key: Buffer;
  readonly rev: string;
  readonly lease: string;
}

const lock = (api: Api, name: string, lease = '0'): Promise<Answer> =>
  api.call('v3lockpb.Lock/Lock', { name: bytes(name), lease });
const unlock = (api: Api, key: unknown): Promise<Answer> =>
  api.call('v3lockpb.Lock/Unlock', { key });

async function campaign(api: Api, name: string, value: string, lease: string): Promise<LeaderKey> {
  const request = { name: bytes(name), lease, value: bytes(value) };
  const { leader } = await api.call('v3electionpb.Election/Campaign', request);
  return leader as LeaderKey;
}

const proclaim = (api: Api, leader: LeaderKey, value: string): Promise<Answer> =>
  api.call('v3electionpb.Election/Proclaim', { leader, value: bytes(value) });
const resign = (api: Api, leader: LeaderKey): Promise<Answer> =>
  api.call('v3electionpb.Election/Resign', { leader });

async function leaderOf(api: Api, name: string): Promise<string> {
  const { kv } = await api.call('v3electionpb.Election/Leader', { name: bytes(name) });
  return valueOf(kv);
}

const valueOf = (kv: unknown): string => (kv as { value: Buffer }).value.toString();

async function grant(seconds = 60): Promise<string> {
  return (await apis[0].lease.grant({ TTL: seconds })).ID;
}

/** Resolves once so many wait or lead under the name. */
async function queued(name: string, count: number): Promise<void> {
  const range = { key: bytes(`${name}/`), range_end: bytes(`${name}0`) };
  await eventually(`${count} places under ${name}`, async () =>
    (await apis[0].kv.range(range)).count === String(count) ? true : undefined,
  );
}

test('a lock is a key under its name, held until it is unlocked', async () => {
  const lease = await grant();
  const { key, header } = await lock(apis[0], 'mutex', lease);
  expect(String(key)).toBe(`mutex/${BigInt(lease).toString(16)}`);
  const { kvs } = await apis[1].kv.range({ key: key as Buffer });
  expect(kvs[0]?.lease).toBe(lease);
  expect(kvs[0]?.create_revision).toBe((header as { revision: string }).revision);
  await unlock(apis[2], key);
  expect((await apis[1].kv.range({ key: key as Buffer })).kvs).toEqual([]);
});

test('those who wait for a lock get it one after the other, in the order in which they came', async () => {
  const order: string[] = [];
  const first = await lock(apis[0], 'queue', await grant());
  const waiting = [];
  for (const [index, who] of ['a', 'b', 'c'].entries()) {
    const api = apis[index % 3] as Api;
    const held = lock(api, 'queue', await grant()).then(async ({ key }) => {
      order.push(who);
      await unlock(api, key);
    });
    waiting.push(held);
    await queued('queue', index + 2);
  }
  expect(order).toEqual([]);
  await unlock(apis[0], first['key']);
  await Promise.all(waiting);
  expect(order).toEqual(['a', 'b', 'c']);
});

test('whoever asks again for a lock that it holds has it at once', async () => {
  const lease = await grant();
  const { key } = await lock(apis[0], 'again', lease);
  expect((await lock(apis[1], 'again', lease))['key']).toEqual(key);
  await unlock(apis[0], key);
});

test('a lock ends with its lease', async () => {
  const lease = await grant();
  await lock(apis[0], 'leased', lease);
  const next = lock(apis[1], 'leased', await grant());
  await queued('leased', 2);
  await apis[0].lease.revoke({ ID: lease });
  await unlock(apis[1], (await next)['key']);
});

test('a lock without a lease gets one of its own', async () => {
  const { key } = await lock(apis[0], 'own');
  const { kvs } = await apis[0].kv.range({ key: key as Buffer });
  const ttl = await apis[0].lease.timeToLive({ ID: kvs[0]?.lease ?? '0' });
  expect(ttl.grantedTTL).toBe('60');
  await unlock(apis[0], key);
});

test('a lock of a lease that is gone is refused', async () => {
  const lease = await grant();
  await apis[0].lease.revoke({ ID: lease });
  expect(await failure(lock(apis[0], 'gone', lease))).toBe(
    '2 etcdserver: requested lease not found',
  );
});

test('unlocking what is not locked is no error', async () => {
  await unlock(apis[0], bytes('nobody/1'));
});

test('campaigners lead one after the other', async () => {
  const [one, two, three] = [await grant(), await grant(), await grant()];
  const first = await campaign(apis[0], 'office', 'one', one);
  expect(String(first.key)).toBe(`office/${BigInt(one).toString(16)}`);
  expect([String(first.name), first.lease]).toEqual(['office', one]);
  const second = campaign(apis[1], 'office', 'two', two);
  await queued('office', 2);
  const third = campaign(apis[2], 'office', 'three', three);
  await queued('office', 3);
  for (const api of apis) expect(await leaderOf(api, 'office')).toBe('one');
  await resign(apis[2], first);
  const twos = await second;
  expect(Number(twos.rev)).toBeGreaterThan(Number(first.rev));
  for (const api of apis) expect(await leaderOf(api, 'office')).toBe('two');
  await apis[0].lease.revoke({ ID: two });
  const threes = await third;
  expect(await leaderOf(apis[0], 'office')).toBe('three');
  await resign(apis[0], threes);
  expect(await failure(leaderOf(apis[0], 'office'))).toBe('2 election: no leader');
});

test('only who leads may proclaim; resigning twice is no error', async () => {
  const leader = await campaign(apis[0], 'speaker', 'hello', await grant());
  await proclaim(apis[1], leader, 'world');
  expect(await leaderOf(apis[2], 'speaker')).toBe('world');
  await resign(apis[0], leader);
  expect(await failure(proclaim(apis[1], leader, 'still'))).toBe('2 election: not leader');
  await resign(apis[0], leader);
  const missing = apis[0].call('v3electionpb.Election/Proclaim', { value: bytes('who') });
  expect(await failure(missing)).toBe('2 "leader" field must be provided');
});

test('who campaigns again with its lease goes on leading, with the new value', async () => {
  const lease = await grant();
  const before = await campaign(apis[0], 'again', 'old', lease);
  const after = await campaign(apis[1], 'again', 'new', lease);
  expect(after.rev).toBe(before.rev);
  expect(await leaderOf(apis[2], 'again')).toBe('new');
  await resign(apis[0], after);
});

test('observers hear of the leader, of what it proclaims, and of the next one', async () => {
  const request = { name: bytes('observed') };
  const path = 'v3electionpb.Election/Observe';
  // Begins before there is a leader.
  const early = apis[1].stream(path, request, 1);
  const first = await campaign(apis[0], 'observed', 'one', await grant());
  expect((await early).map(({ kv }) => valueOf(kv))).toEqual(['one']);
  const seen: string[] = [];
  const all = apis[2].stream(path, request, 3, ({ kv }) => seen.push(valueOf(kv)));
  await eventually('the leader there is', () => (seen.length === 1 ? true : undefined));
  await proclaim(apis[0], first, 'one!');
  await eventually('what it proclaims', () => (seen.length === 2 ? true : undefined));
  const second = campaign(apis[1], 'observed', 'two', await grant());
  await queued('observed', 2);
  await resign(apis[0], first);
  await second;
  await all;
  expect(seen).toEqual(['one', 'one!', 'two']);
});

test('an observer that requires a leader is told when there is none any more', async () => {
  await campaign(apis[0], 'lost', 'one', await grant());
  const alone = target.api(0, undefined, { hasleader: 'true' });
  const heard: string[] = [];
  const observing = failure(
    alone.stream('v3electionpb.Election/Observe', { name: bytes('lost') }, Infinity, ({ kv }) =>
      heard.push(valueOf(kv)),
    ),
  );
  await eventually('the leader', () => (heard.length === 1 ? true : undefined));
  await Promise.all([target.members.kill(1), target.members.kill(2)]);
  expect(await observing).toBe('14 etcdserver: no leader');
  const place = { name: bytes('lost'), lease: '1', value: bytes('x') };
  expect(await failure(alone.call('v3electionpb.Election/Campaign', place))).toBe(
    '14 etcdserver: no leader',
  );
});
