import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { Stores } from './stores.ts';

/** Members come and go as etcd's do: with its checks and its words. */
const stores = new Stores();
const first = ['a', 'b', 'c'];

const idOf = async (name: string): Promise<string> => {
  const { members } = await stores.cluster('a').list();
  const member = members.find(({ peerURLs }) => peerURLs.includes(stores.peerUrl(name)));
  if (!member) throw new Error(`no member at ${stores.peerUrl(name)}`);
  return member.ID;
};

/** A change is refused until everybody has been connected for five seconds. */
const healthy = <T>(change: () => Promise<T>): Promise<T> =>
  eventually('a healthy cluster', async () => {
    try {
      return await change();
    } catch (thrown) {
      if (thrown instanceof Error && thrown.message.includes('unhealthy')) return undefined;
      throw thrown;
    }
  });

beforeAll(async () => {
  await stores.reserve('a', 'b', 'c', 'd', 'nobody', 'alone', 'second');
  for (const name of first) stores.start(name, first);
  await stores.ready(...first);
});
afterAll(() => stores.destroy());

test('one that lost its disk is refused under its old name', async () => {
  await stores.kill('c');
  stores.loseDisk('c');
  stores.start('c', first);
  expect(await stores.exit('c')).toBe(1);
  expect(stores.log('c')).toMatch(/has already been bootstrapped.*etcdctl member remove/);
});

test('it is replaced: removed, added, and started empty', async () => {
  await healthy(async () => stores.cluster('a').remove(await idOf('c')));
  const { member, members } = await healthy(() => stores.cluster('b').add(stores.peerUrl('c')));
  expect(member?.name).toBe('');
  expect(members).toHaveLength(3);
  stores.start('c', first, '--initial-cluster-state', 'existing');
  await stores.ready('c');
  expect(await stores.kv('c').get('ready', true)).toBe('c');
});

test('one that lost its disk while all were down is refused by those that come back', async () => {
  for (const name of first) await stores.kill(name);
  stores.loseDisk('b');
  stores.start('b', first);
  await eventually('b founds', () => stores.log('b').includes('no connection') || undefined);
  stores.start('a', first);
  stores.start('c', first);
  expect(await stores.exit('b')).toBe(1);
  expect(stores.log('b')).toMatch(/has already been bootstrapped/);
  await stores.ready('a', 'c');
  await healthy(async () => stores.cluster('a').remove(await idOf('b')));
  await healthy(() => stores.cluster('a').add(stores.peerUrl('b')));
  stores.loseDisk('b');
  stores.start('b', first);
  await stores.ready('b');
});

test('a learner catches up, is promoted, and leaves again', async () => {
  const a = stores.cluster('a');
  const { member } = await healthy(() => a.add(stores.peerUrl('d'), true));
  const id = member?.ID ?? '';
  await expect(a.add(stores.peerUrl('nobody'), true)).rejects.toThrow('too many learner members');
  await expect(a.promote(id)).rejects.toThrow('in sync with leader');
  stores.start('d', [...first, 'd'], '--initial-cluster-state', 'existing');
  await eventually('a stale read', () => stores.kv('d').get('ready', true));
  await expect(stores.kv('d').get('ready')).rejects.toThrow('rpc not supported for learner');
  await eventually('the promotion', () => a.promote(id));
  await expect(a.promote(id)).rejects.toThrow('can only promote a learner member');
  await stores.ready('d');
  await healthy(() => stores.cluster('d').remove(id));
  expect(await stores.exit('d')).toBe(1);
  expect(stores.log('d')).toContain('the member has been permanently removed from the cluster');
});

test('changes that make no sense are refused in the words of etcd', async () => {
  const a = stores.cluster('a');
  await healthy(async () => {
    await expect(a.add(stores.peerUrl('b'))).rejects.toThrow(
      /^etcdserver: (Peer URLs already exists|unhealthy)/,
    );
    return true;
  });
  await expect(a.add('no url')).rejects.toThrow('given member URLs are invalid');
  await expect(a.remove('12345')).rejects.toThrow('member not found');
  await expect(a.promote('12345')).rejects.toThrow('member not found');
  await expect(a.update('12345', stores.peerUrl('nobody'))).rejects.toThrow('member not found');
  await expect(a.update(await idOf('a'), stores.peerUrl('b'))).rejects.toThrow(
    'Peer URLs already exists',
  );
});

test('a member that is added and does not come blocks the next', async () => {
  const a = stores.cluster('a');
  const { member } = await healthy(() => a.add(stores.peerUrl('nobody')));
  await expect(a.add('http://127.0.0.1:1')).rejects.toThrow(/unhealthy cluster/);
  await stores.ready('a');
  await healthy(() => a.remove(member?.ID ?? ''));
});

test('a cluster of one grows: the answer does not wait for who is yet to be started', async () => {
  stores.start('alone', ['alone']);
  await stores.ready('alone');
  const { members } = await stores.cluster('alone').add(stores.peerUrl('second'));
  expect(members).toHaveLength(2);
  stores.start('second', ['alone', 'second'], '--initial-cluster-state', 'existing');
  await stores.ready('alone', 'second');
  expect(await stores.kv('second').get('ready')).toBe('second');
});
