import { Etcd3, EtcdLeaseInvalidError } from 'etcd3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Target } from './target.ts';

/** npm's etcd3, the client that most of Node.js uses. */
const target = new Target();
/** Asks any member, another one each time. */
let client: Etcd3;
/** Asks one: a lease is kept alive as soon as it is granted, and a leader that is behind says that it has none such. */
let faithful: Etcd3;
beforeAll(async () => {
  await target.start();
  const hosts = target.members.endpoints;
  client = new Etcd3({ hosts });
  faithful = new Etcd3({ hosts: hosts[0] ?? '' });
});
afterAll(async () => {
  client.close();
  faithful.close();
  await target.stop();
});

test('namespaces, prefixes, sorting, limits', async () => {
  const space = client.namespace('space/');
  for (const key of ['b', 'a', 'c']) await space.put(key).value(`${key}!`);
  expect(await space.getAll().strings()).toEqual({ a: 'a!', b: 'b!', c: 'c!' });
  expect(await client.get('space/a').string()).toBe('a!');
  expect(await space.getAll().sort('Key', 'Descend').limit(2).keys()).toEqual(['c', 'b']);
  expect(await space.getAll().count()).toBe(3);
  await space.delete().all();
  expect(await client.getAll().prefix('space/').count()).toBe(0);
});

test('software transactional memory', async () => {
  await client.put('balance').value(0);
  const add = () =>
    client.stm({ retries: 50 }).transact(async (tx) => {
      const balance = await tx.get('balance').number();
      await tx.put('balance').value((balance ?? 0) + 1);
    });
  await Promise.all(Array.from({ length: 5 }, add));
  expect(await client.get('balance').number()).toBe(5);
});

test('locks exclude', async () => {
  const first = await faithful.lock('lock').acquire();
  await expect(faithful.lock('lock').acquire()).rejects.toThrow(/lock/);
  await first.release();
  await (await faithful.lock('lock').acquire()).release();
});

test('elections have one leader, observed by others', async () => {
  const election = faithful.election('office', 10);
  const campaign = election.campaign('me');
  await new Promise<void>((resolve, reject) => {
    campaign.on('elected', resolve);
    campaign.on('error', reject);
  });
  const leader = () => client.election('office').leader();
  expect(await leader()).toBe('me');
  await campaign.resign();
  expect(await leader()).toBeUndefined();
});

test('watchers', async () => {
  const watcher = await client.watch().prefix('watched/').create();
  const seen: string[] = [];
  const done = new Promise<void>((resolve) => {
    watcher.on('put', (kv) => seen.push(kv.value.toString()));
    watcher.on('delete', (kv) => {
      seen.push(`${kv.key.toString()} gone`);
      resolve();
    });
  });
  for (let i = 0; i < 5; i++) await client.put('watched/x').value(i);
  await client.delete().key('watched/x');
  await done;
  expect(seen).toEqual(['0', '1', '2', '3', '4', 'watched/x gone']);
  await watcher.cancel();
});

test('leases', async () => {
  const lease = faithful.lease(10);
  await lease.put('leased').value('x');
  await lease.keepaliveOnce();
  await lease.revoke();
  expect(await client.get('leased')).toBeNull();
  const other = faithful.lease(10);
  await other.grant();
  await other.revoke();
  await expect(other.put('leased').value('y')).rejects.toBeInstanceOf(EtcdLeaseInvalidError);
});
