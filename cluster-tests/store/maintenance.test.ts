import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { Stores } from './stores.ts';

/** Backup and restore, quota and alarms, of members that run as processes. */
const stores = new Stores();
const members = ['a', 'b', 'c'];
const quotaBytes = 2_000_000;

beforeAll(async () => {
  await stores.reserve(...members, 'r');
  for (const name of members) {
    stores.start(name, members, `--quota-backend-bytes=${quotaBytes}`);
  }
  await stores.ready(...members);
});
afterAll(() => stores.destroy());

test('a backup is what etcd’s tools take for complete, and can be restored', async () => {
  const value = Buffer.alloc(100_000, 'x');
  for (let i = 0; i < 10; i++) await stores.kv('a').put(`k${i}`, value);
  const { blob, remaining } = await stores.backup('a');
  expect(remaining).toBe(0);
  expect(blob.length % 512).toBe(32);
  const digest = createHash('sha256').update(blob.subarray(0, -32)).digest();
  expect(blob.subarray(-32)).toEqual(digest);
  const file = `${stores.dataDir('backup')}.db`;
  writeFileSync(file, blob);
  expect(await stores.restore('r', file)).toBe(0);
  expect(stores.log('r').match(/"added member"/g)).toHaveLength(1);
  stores.start('r', ['r']);
  await stores.ready('r');
  expect(await stores.kv('r').get('k9')).toBe(value.toString());
  expect((await stores.cluster('r').list()).members.map(({ name }) => name)).toEqual(['r']);
  await stores.kill('r');
  // Also where the damage hides that it is a snapshot.
  for (const [begin, end] of [
    [5000, 5001],
    [0, 512],
  ]) {
    writeFileSync(file, Buffer.from(blob).fill(0xa5, begin, end));
    stores.loseDisk('r');
    expect(await stores.restore('r', file)).toBe(1);
  }
  const refusals = /the snapshot is damaged: expected sha256 \w{64}, got \w{64}/g;
  expect(stores.log('r').match(refusals)).toHaveLength(2);
});

test('beyond the quota puts are refused everywhere; deletion and compaction make space again', async () => {
  const value = Buffer.alloc(200_000, 'y');
  const fill = async (): Promise<never> => {
    for (let i = 0; ; i++) await stores.kv('b').put(`fill${i % 3}`, value);
  };
  await expect(fill()).rejects.toThrow('etcdserver: mvcc: database space exceeded');
  for (const name of members) {
    await expect(stores.kv(name).put('small', 'x')).rejects.toThrow('database space exceeded');
    expect(await stores.alarms(name)).toEqual(['NOSPACE']);
    expect(await stores.kv(name).get('ready')).toBeDefined();
  }
  const { header } = await stores.kv('c').delete('fill0');
  await stores.kv('c').compact(header?.revision ?? '');
  await eventually('the alarm to go', async () =>
    (await stores.alarms('a')).length === 0 ? true : undefined,
  );
  await stores.kv('a').put('small', 'x');
});

test('a member over its own, smaller quota says so, whoever proposed the data', async () => {
  for (let i = 0; i < 10; i++) await stores.kv('a').delete(`k${i}`);
  const { header } = await stores.kv('a').put('small', 'y');
  // By c itself, so that it is done there.
  await stores.kv('c').compact(header?.revision ?? '');
  await stores.kill('c');
  stores.start('c', members, '--quota-backend-bytes=900000');
  await stores.ready('c');
  await stores.kv('a').put('large', Buffer.alloc(600_000, 'z'));
  await eventually('the alarm', async () =>
    (await stores.alarms('a')).includes('NOSPACE') ? true : undefined,
  );
  await expect(stores.kv('a').put('small', 'x')).rejects.toThrow('database space exceeded');
});
