import { eventually } from '#shared/lab';
import {
  Etcd3,
  EtcdAuthenticationFailedError,
  EtcdLockFailedError,
  EtcdPermissionDeniedError,
  EtcdRoleExistsError,
  EtcdUserNotFoundError,
  STMConflictError,
} from 'etcd3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Target } from './target.ts';

/** What else npm's etcd3 can: operations one by one, and what goes on while several clients meet. */
const target = new Target();
let client: Etcd3;
let other: Etcd3;
beforeAll(async () => {
  await target.start();
  const [first = '', second = ''] = target.members.endpoints;
  client = new Etcd3({ hosts: first });
  other = new Etcd3({ hosts: second });
});
afterAll(async () => {
  client.close();
  other.close();
  await target.stop();
});

test('single operations: previous values, touching, existence, types', async () => {
  expect(await client.get('single').exists()).toBe(false);
  expect(await client.get('single').string()).toBeNull();
  await client.put('single').value('{"a":1}');
  expect(await other.get('single').json()).toEqual({ a: 1 });
  expect((await client.put('single').value(7).getPrevious())?.value.toString()).toBe('{"a":1}');
  expect(await other.get('single').number()).toBe(7);
  await client.put('single').touch();
  const { kvs } = await client.get('single').exec();
  expect([kvs[0]?.value.toString(), kvs[0]?.version]).toEqual(['7', '3']);
  const [gone] = await client.delete().key('single').getPrevious();
  expect(gone?.value.toString()).toBe('7');
  expect((await client.delete().key('single')).deleted).toBe('0');
});

test('ranges: of keys, of revisions, sorted and limited', async () => {
  for (const [i, key] of ['c', 'a', 'd', 'b'].entries()) await client.put(`r/${key}`).value(i);
  const { kvs } = await client.getAll().inRange({ start: 'r/b', end: 'r/d' }).exec();
  expect(kvs.map(({ key }) => key.toString())).toEqual(['r/b', 'r/c']);
  const newest = client.getAll().prefix('r/').sort('Mod', 'Descend').limit(2);
  expect(await newest.keys()).toEqual(['r/b', 'r/d']);
  const since = kvs[1]?.mod_revision ?? '0';
  const later = client
    .getAll()
    .prefix('r/')
    .minModRevision(Number(since) + 1);
  expect((await later.keys()).sort()).toEqual(['r/a', 'r/b', 'r/d']);
  expect(await client.get('r/a').revision(since).exists()).toBe(false);
  expect(await client.getAll().prefix('r/').numbers()).toEqual({
    'r/a': 1,
    'r/b': 3,
    'r/c': 0,
    'r/d': 2,
  });
});

test('transactions compare, and do the one or the other', async () => {
  const attempt = (client: Etcd3) =>
    client
      .if('txn', 'Create', '==', 0)
      .and('txn/off', 'Version', '==', 0)
      .then(client.put('txn').value('mine'))
      .else(client.get('txn'))
      .commit();
  expect((await attempt(client)).succeeded).toBe(true);
  const second = await attempt(other);
  expect(second.succeeded).toBe(false);
  expect(second.responses[0]?.response_range?.kvs[0]?.value.toString()).toBe('mine');
});

test('namespaces within namespaces: transactions, locks and watchers stay within', async () => {
  const space = client.namespace('one/').namespace('two/');
  const watcher = await space.watch().prefix('').create();
  const seen: string[] = [];
  watcher.on('put', (kv) => seen.push(kv.key.toString()));
  await space.if('k', 'Create', '==', 0).then(space.put('k').value('v')).commit();
  await client.put('outside').value('x');
  await space.put('last').value('x');
  await eventually('what is within', () => (seen.length >= 2 ? true : undefined));
  expect(seen).toEqual(['k', 'last']);
  expect(await client.get('one/two/k').string()).toBe('v');
  const lock = await space.lock('mutex').acquire();
  expect(await client.getAll().prefix('one/two/mutex').count()).toBe(1);
  await lock.release();
  await watcher.cancel();
});

test('two who change the same meet in a conflict, and snapshots do not see it', async () => {
  await client.put('stm').value('0');
  const change = client.stm({ retries: 0 }).transact(async (tx) => {
    await tx.get('stm');
    await other.put('stm').value('between');
    await tx.put('stm').value('lost');
  });
  await expect(change).rejects.toBeInstanceOf(STMConflictError);
  expect(await client.get('stm').string()).toBe('between');
  const read = client.stm({ retries: 0, isolation: 3 }).transact(async (tx) => {
    const before = await tx.get('stm').string();
    await other.put('stm').value('after');
    return before;
  });
  expect(await read).toBe('between');
});

test('one holds a lock, whoever else asks is refused, and has it afterwards', async () => {
  let held = 0;
  const work = async (who: Etcd3): Promise<void> => {
    await eventually('the lock', async () => {
      try {
        await who.lock('busy').do(() => {
          held++;
          expect(held).toBe(1);
          return new Promise<void>((resolve) => {
            setImmediate(() => {
              held--;
              resolve();
            });
          });
        });
        return true;
      } catch (thrown) {
        if (thrown instanceof EtcdLockFailedError) return undefined;
        throw thrown;
      }
    });
  };
  await Promise.all([work(client), work(other), work(client)]);
  expect(held).toBe(0);
});

test('elections: campaigners follow each other, and what they proclaim is observed', async () => {
  const observer = await other.election('post', 10).observe();
  const seen: (string | undefined)[] = [];
  observer.on('change', (value) => seen.push(value));
  const now = (value: string | undefined) =>
    eventually(`${value} to be seen`, () => (seen.at(-1) === value ? true : undefined));
  const first = await client.election('post', 10).campaign('first').wait();
  await now('first');
  const second = other.election('post', 10).campaign('second');
  await second.getCampaignKey();
  await first.proclaim('first again');
  await now('first again');
  // Asked for before it can happen: the client tells it once, and never to who asks later.
  const elected = second.wait();
  await first.resign();
  await elected;
  await now('second');
  expect(await client.election('post', 10).leader()).toBe('second');
  await second.resign();
  await now(undefined);
  await observer.cancel();
});

test('a lease is kept alive, and its loss is told', async () => {
  const lease = client.lease(6, { autoKeepAlive: true });
  const renewed = new Promise<string>((resolve) => {
    lease.on('keepaliveSucceeded', ({ TTL }) => resolve(TTL));
  });
  await lease.put('kept').value('x');
  const id = await lease.grant();
  expect(await renewed).toBe('6');
  const lost = new Promise<void>((resolve) => {
    lease.on('lost', () => resolve());
  });
  await other.leaseClient.leaseRevoke({ ID: id });
  await lost;
  expect(lease.revoked()).toBe(true);
  expect(await client.get('kept').exists()).toBe(false);
});

test('watchers: from a revision on, only puts, with what was before', async () => {
  const { header } = await client.put('w').value('1');
  await client.put('w').value('2');
  await client.delete().key('w');
  const watcher = await other
    .watch()
    .key('w')
    .only('put')
    .withPreviousKV()
    .startRevision(header.revision)
    .create();
  const seen: string[] = [];
  watcher.on('put', (kv, previous) => {
    seen.push(`${kv.value.toString()} after ${previous?.value.toString()}`);
  });
  await client.put('w').value('3');
  await eventually('three puts', () => (seen.length === 3 ? true : undefined));
  expect(seen).toEqual(['1 after undefined', '2 after 1', '3 after undefined']);
  await watcher.cancel();
});

test('a watcher outlives its member: it goes on with another, and misses nothing', async () => {
  const all = new Etcd3({ hosts: target.members.endpoints.slice(1) });
  const watcher = await all.watch().key('steady').create();
  const seen: string[] = [];
  watcher.on('put', (kv) => seen.push(kv.value.toString()));
  // The client goes on by itself.
  watcher.on('disconnected', () => undefined);
  await client.put('steady').value('before');
  await eventually('the first', () => (seen.length === 1 ? true : undefined));
  await target.members.kill(1);
  await eventually('a write without that member', async () => {
    try {
      await client.put('steady').value('while it is gone');
      return true;
    } catch {
      return undefined;
    }
  });
  target.members.start(1);
  await eventually('what came meanwhile', () =>
    seen.includes('while it is gone') ? true : undefined,
  );
  expect(seen[0]).toBe('before');
  all.close();
  await target.members.leader();
});

test('users and roles, and what they may', async () => {
  const role = await client.role('reader').create();
  await expect(client.role('reader').create()).rejects.toBeInstanceOf(EtcdRoleExistsError);
  await role.grant({ permission: 'Read', range: client.range({ prefix: 'may/' }) });
  expect((await role.permissions()).map(({ permission }) => permission)).toEqual(['Read']);
  const user = await client.user('ann').create('secret');
  await user.addRole('reader');
  expect((await user.roles()).map(({ name }) => name)).toEqual(['reader']);
  await expect(client.user('nobody').delete()).rejects.toBeInstanceOf(EtcdUserNotFoundError);
  const root = await client.role('root').create();
  await (await client.user('root').create('super')).addRole(root);
  await client.put('may/read').value('it');
  await client.auth.authEnable();
  // One member: another may not have heard of the last change yet, and etcd refuses what it then proposes.
  const [hosts = ''] = target.members.endpoints;
  const admin = new Etcd3({ hosts, auth: { username: 'root', password: 'super' } });
  const ann = new Etcd3({ hosts, auth: { username: 'ann', password: 'secret' } });
  const thief = new Etcd3({ hosts, auth: { username: 'ann', password: 'guessed' } });
  try {
    expect(await ann.get('may/read').string()).toBe('it');
    await expect(ann.put('may/read').value('hers')).rejects.toBeInstanceOf(
      EtcdPermissionDeniedError,
    );
    await expect(thief.get('may/read')).rejects.toBeInstanceOf(EtcdAuthenticationFailedError);
    await admin.user('ann').removeRole('reader');
    await expect(ann.get('may/read')).rejects.toThrow(/permission denied/);
    await admin.user('ann').delete();
    expect((await admin.getUsers()).map(({ name }) => name)).toEqual(['root']);
  } finally {
    await admin.auth.authDisable();
    for (const each of [admin, ann, thief]) each.close();
  }
});
