import { once } from 'node:events';
import { get } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Target, target as kind, threeMembers } from './target.ts';

/** Three members whose clients, and who themselves, meet at sockets of the file system. */
const reach = { schemes: { client: 'unix', peer: 'unix' }, flags: {} } as const;
const target = new Target(threeMembers(reach));
beforeAll(() => target.start());
afterAll(() => target.stop());

const put = (index: number, value: string) =>
  target.etcdctl(['--endpoints', target.members.endpoints[index] ?? '', 'put', 'k', value]);

test('gRPC and HTTP/1 at one socket', async () => {
  expect((await put(0, 'first')).stdout).toBe('OK\n');
  const [endpoint = ''] = target.members.endpoints;
  const asked = get({ socketPath: endpoint.slice('unix://'.length), path: '/health' });
  const [answer] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of answer) text += chunk.toString();
  expect(JSON.parse(text)).toMatchObject({ health: 'true' });
});

test('members say where they are', async () => {
  const { stdout } = await target.etcdctl(['member', 'list']);
  for (const index of [0, 1, 2])
    expect(stdout).toContain(`, ${target.members.peerUrl(index)}, unix://`);
});

// etcd's other members do not find it again.
test.runIf(kind === 'quorate')('a socket that a killed member left is taken again', async () => {
  await target.members.kill(0);
  target.members.start(0);
  await target.members.leader();
  expect((await put(0, 'second')).stdout).toBe('OK\n');
  expect((await target.etcdctl(['get', 'k', '--print-value-only'])).stdout).toBe('second\n');
});
