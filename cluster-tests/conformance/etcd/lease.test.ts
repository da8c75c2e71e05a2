import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, bytes, failure, Target } from './target.ts';

const target = new Target();
let apis: Api[];
beforeAll(async () => {
  await target.start();
  apis = [0, 1, 2].map((index) => target.api(index));
});
afterAll(() => target.stop());

describe.each([0, 1, 2])('leases at member %i', (index) => {
  const api = (): Api => apis[index] as Api;
  const put = (name: string, lease: string) =>
    api().kv.put({ key: bytes(`l/${index}/${name}`), value: bytes('v'), lease });
  const count = async (name: string): Promise<string> =>
    (await api().kv.range({ key: bytes(`l/${index}/${name}`) })).count;

  test('granted, listed, asked for, revoked with its keys in one revision', async () => {
    const { ID, TTL } = await api().lease.grant({ TTL: 60 });
    expect(TTL).toBe('60');
    await put('a', ID);
    await put('b', ID);
    await target.everywhere();
    const { leases } = await api().lease.leases({});
    expect(leases.map((lease) => lease.ID)).toContain(ID);
    const asked = await api().lease.timeToLive({ ID, keys: true });
    expect(asked).toMatchObject({ ID, grantedTTL: '60' });
    expect(Number(asked.TTL)).toBeGreaterThan(0);
    expect(asked.keys.map(String).sort()).toEqual([`l/${index}/a`, `l/${index}/b`]);
    const before = Number((await api().kv.range({ key: bytes('x') })).header?.revision);
    await api().lease.revoke({ ID });
    const after = await api().kv.range({ key: bytes(`l/${index}/a`) });
    expect(after.count).toBe('0');
    expect(Number(after.header?.revision)).toBe(before + 1);
    await target.everywhere();
    expect(await api().lease.timeToLive({ ID })).toMatchObject({ TTL: '-1' });
  });

  test('an id of the client, and one that is taken', async () => {
    const id = String(1000 + index);
    expect((await api().lease.grant({ ID: id, TTL: 60 })).ID).toBe(id);
    expect(await failure(api().lease.grant({ ID: id, TTL: 60 }))).toBe(
      '9 etcdserver: lease already exists',
    );
  });

  test.each(['9223372036854775807', '9007199254740993', '-1', '-9223372036854775808'])(
    'an id of %s',
    async (ID) => {
      expect((await api().lease.grant({ ID, TTL: 60 })).ID).toBe(ID);
      await put('wide', ID);
      // etcd asks its leader about leases, which may be behind who asks.
      await target.everywhere();
      const { kvs } = await api().kv.range({ key: bytes(`l/${index}/wide`) });
      expect(kvs[0]?.lease).toBe(ID);
      const { leases } = await api().lease.leases({});
      expect(leases.map((lease) => lease.ID)).toContain(ID);
      expect(await api().lease.timeToLive({ ID, keys: true })).toMatchObject({ ID });
      expect(await api().lease.keepAlive(ID)).toMatchObject({ ID, TTL: '60' });
      await api().lease.revoke({ ID });
      expect(await count('wide')).toBe('0');
    },
  );

  test('kept alive; one that is gone has no time left', async () => {
    const { ID } = await api().lease.grant({ TTL: 60 });
    await target.everywhere();
    expect(await api().lease.keepAlive(ID)).toMatchObject({ ID, TTL: '60' });
    await api().lease.revoke({ ID });
    await target.everywhere();
    expect(await api().lease.keepAlive(ID)).toMatchObject({ ID, TTL: '0' });
  });

  test('a key that moved to another lease, or to none, stays', async () => {
    const one = await api().lease.grant({ TTL: 60 });
    const two = await api().lease.grant({ TTL: 60 });
    await put('moved', one.ID);
    await put('moved', two.ID);
    await put('freed', one.ID);
    await put('freed', '0');
    await api().lease.revoke({ ID: one.ID });
    expect([await count('moved'), await count('freed')]).toEqual(['1', '1']);
  });

  test('errors', async () => {
    expect(await failure(api().lease.revoke({ ID: '987654' }))).toBe(
      '5 etcdserver: requested lease not found',
    );
    expect(await failure(api().lease.grant({ TTL: 9_000_000_001 }))).toBe(
      '11 etcdserver: too large lease TTL',
    );
  });
});

test('one that ends takes its keys with it, and a watch sees that, at whatever member', () =>
  Promise.all(
    apis.map(async (api, index) => {
      const name = `l/${index}/gone`;
      const watch = api.watch();
      await watch.create({ key: bytes(name) });
      // Time enough for the put that follows, on whatever machine.
      const { ID, TTL } = await api.lease.grant({ TTL: 10 });
      expect(TTL).toBe('10');
      await api.kv.put({ key: bytes(name), value: bytes('v'), lease: ID });
      expect(await watch.events(2)).toEqual([`PUT ${name}=v`, `DELETE ${name}=`]);
      expect((await api.kv.range({ key: bytes(name) })).count).toBe('0');
      watch.close();
    }),
  ));
