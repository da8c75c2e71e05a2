import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { historyRecord } from '#shared/mvcc';
import { DataDir } from '#shared/storage';
import { Stores } from './stores.ts';

/** A member whose data is not that of the others, though its disk is fine. */
const stores = new Stores();
const members = ['a', 'b', 'c'];
const checks = ['--experimental-corrupt-check-time=300ms'];

beforeAll(async () => {
  await stores.reserve(...members);
  for (const name of members) stores.start(name, members);
  await stores.ready(...members);
});
afterAll(() => stores.destroy());

/** Another value at the revision that the key was last changed in. */
async function falsify(name: string, key: string, modRevision: number): Promise<void> {
  const dir = await DataDir.open(stores.dataDir(name));
  const value = new TextEncoder().encode('something else');
  const kv = { key, value, createRevision: modRevision, modRevision, version: 1, lease: 0n };
  dir.backend.put(...historyRecord.change(kv, 0));
  await dir.backend.flush();
  await dir.close();
}

test('a member that differs is found: at its start, and by the leader while it runs', async () => {
  const { header } = await stores.kv('a').put('target', 'right');
  await stores.kv('c').get('target');
  await stores.stop('c');
  await falsify('c', 'target', Number(header?.revision));

  stores.start('c', members, '--experimental-initial-corrupt-check');
  expect(await stores.exit('c')).toBe(1);
  expect(stores.log('c')).toMatch(/found data inconsistency with peers: at revision \d+/);

  for (const name of ['a', 'b']) {
    await stores.stop(name);
    stores.start(name, members, ...checks);
  }
  await stores.ready('a', 'b');
  expect(await stores.alarms('a')).toEqual([]);
  stores.start('c', members, ...checks);
  await eventually('the alarm', async () =>
    (await stores.alarms('a')).includes('CORRUPT') ? true : undefined,
  );
  const { members: listed } = await stores.cluster('a').list();
  const bad = listed.find(({ name }) => name === 'c')?.ID;
  expect(await stores.alarmedMembers('a')).toContain(bad);
  await expect(stores.kv('a').get('target')).rejects.toThrow('etcdserver: corrupt cluster');
  await expect(stores.kv('b').put('x', 'y')).rejects.toThrow('etcdserver: corrupt cluster');
});
