import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { Stores } from './stores.ts';

/** Members are known by their ids: the same directories on other ports are the same cluster. */
const stores = new Stores();
const members = ['a', 'b', 'c'];

beforeAll(async () => {
  await stores.reserve(...members);
  for (const name of members) stores.start(name, members);
  await stores.ready(...members);
});
afterAll(() => stores.destroy());

const listedAt = (name: string): Promise<true> =>
  eventually('everybody’s new addresses', async () => {
    const { members: listed } = await stores.cluster(name).list();
    return members.every((each) =>
      listed.some(
        ({ peerURLs, clientURLs }) =>
          peerURLs.includes(stores.peerUrl(each)) &&
          clientURLs.includes(`http://${stores.endpoint(each)}`),
      ),
    )
      ? true
      : undefined;
  });

// Scripts and test containers wait for them.
test('a start says in etcd’s words when it serves', async () => {
  const last = 'serving client traffic insecurely; this is strongly discouraged!';
  for (const name of members) {
    const log = await eventually(`${name} to serve`, () =>
      Promise.resolve(stores.log(name).includes(last) ? stores.log(name) : undefined),
    );
    for (const words of [
      'published local member to cluster through raft',
      'enabled capabilities for version',
      'ready to serve client requests',
    ]) {
      expect(log).toContain(words);
    }
  }
});

test('the process that was started is the one that serves, with its settings of Node.js', () => {
  expect(stores.commandLine('a')).toContain('--v8-pool-size=1');
  expect(stores.commandLine('a')).toContain('--name=a');
});

test('stopped and killed, started in another order on other ports: nothing is lost', async () => {
  await stores.kv('a').put('before', 'x');
  await stores.stop('b');
  await stores.kill('c');
  await stores.kill('a');
  await stores.reserve(...members);
  for (const name of ['c', 'a', 'b']) stores.start(name, members);
  await stores.ready(...members);
  for (const name of members) expect(await stores.kv(name).get('before')).toBe('x');
  await listedAt('a');
});

test('one that moves alone is announced first, as in etcd; the others keep their flags', async () => {
  const { members: listed } = await stores.cluster('a').list();
  const id = listed.find(({ name }) => name === 'b')?.ID ?? '';
  await stores.stop('b');
  await stores.reserve('b');
  await stores.cluster('a').update(id, stores.peerUrl('b'));
  stores.start('b', members);
  await stores.ready(...members);
  await listedAt('c');
});
