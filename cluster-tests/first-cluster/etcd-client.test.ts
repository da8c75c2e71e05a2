import { Etcd3, EtcdLeaseInvalidError } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, type Lab, startLab } from '#shared/lab';

/** npm's etcd3, a client nobody here wrote, against every master. */
let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ workers: 0 });
});
afterAll(() => lab.destroy());

describe.each([0, 1, 2])('etcd3 against master %i', (index) => {
  let client: Etcd3;
  const at = (key: string): string => `/etcd3/${index}/${key}`;
  beforeAll(() => {
    client = new Etcd3({ hosts: lab.endpoints[index] ?? '' });
  });
  afterAll(() => client.close());

  test('put, get, prefix, delete', async () => {
    await client.put(at('a')).value('1');
    await client.put(at('b')).value('2');
    expect(await client.get(at('a')).string()).toBe('1');
    expect(await client.getAll().prefix(at('')).strings()).toEqual({
      [at('a')]: '1',
      [at('b')]: '2',
    });
    const { deleted } = await client.delete().key(at('a'));
    expect(deleted).toBe('1');
    expect(await client.get(at('a'))).toBeNull();
  });

  test('transactions compare and choose', async () => {
    await client.put(at('t')).value('old');
    const swap = () =>
      client
        .if(at('t'), 'Value', '==', 'old')
        .then(client.put(at('t')).value('new'))
        .else(client.get(at('t')))
        .commit();
    expect((await swap()).succeeded).toBe(true);
    expect((await swap()).succeeded).toBe(false);
  });

  test('watchers see changes in order', async () => {
    const watcher = await client.watch().prefix(at('w')).create();
    const seen: string[] = [];
    watcher.on('put', (kv) => seen.push(kv.value.toString()));
    watcher.on('delete', () => seen.push('gone'));
    for (let i = 0; i < 5; i++) await client.put(at('w')).value(String(i));
    await client.delete().key(at('w'));
    await eventually('six events', () => (seen.length === 6 ? true : undefined));
    expect(seen).toEqual(['0', '1', '2', '3', '4', 'gone']);
    await watcher.cancel();
  });

  test('a lease takes its keys with it', async () => {
    const lease = client.lease(10);
    await lease.put(at('l')).value('x');
    expect(await client.get(at('l')).string()).toBe('x');
    await lease.revoke();
    expect(await client.get(at('l'))).toBeNull();
    const other = client.lease(10);
    await other.grant();
    await other.revoke();
    await expect(other.put(at('l')).value('y')).rejects.toBeInstanceOf(EtcdLeaseInvalidError);
  });

  test('a lock is held by one at a time', async () => {
    const first = await client.lock(at('lock')).acquire();
    await expect(client.lock(at('lock')).acquire()).rejects.toThrow(/lock/);
    await first.release();
    await (await client.lock(at('lock')).acquire()).release();
  });
});
