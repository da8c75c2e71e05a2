import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { historyRecord } from '#shared/mvcc';
import { DataDir } from '#shared/storage';
import { Stores } from './stores.ts';

/** A member whose data is not that of the others, though its disk is fine. */
let stores: Stores;
const members = ['a', 'b', 'c'];
const checks = ['--experimental-corrupt-check-time=300ms'];

const compactionChecks = [
  '--experimental-compact-hash-check-enabled',
  '--experimental-compact-hash-check-time=300ms',
];

beforeEach(async () => {
  stores = new Stores();
  await stores.reserve(...members);
  for (const name of members) stores.start(name, members, ...compactionChecks);
  await stores.ready(...members);
});
afterEach(() => stores.destroy());

/** Another value at the newest revision, which the key was last changed in. */
async function falsify(name: string, key: string, modRevision: number): Promise<void> {
  const value = new TextEncoder().encode('something else');
  const kv = { key, value, createRevision: modRevision, modRevision, version: 1, lease: 0n };
  const [at, record] = historyRecord.change(kv, 0);
  const change = async (make: (backend: DataDir['backend']) => void): Promise<void> => {
    const dir = await DataDir.open(stores.dataDir(name));
    make(dir.backend);
    await dir.backend.flush();
    await dir.close();
  };
  // A revision is written once: only one that was never there.
  await change((backend) => backend.delete(at));
  await change((backend) => backend.put(at, record));
}

/** Stopped meanwhile. */
async function falsifyC(): Promise<void> {
  const { header } = await stores.kv('a').put('target', 'right');
  await stores.kv('c').get('target');
  await stores.stop('c');
  await falsify('c', 'target', Number(header?.revision));
}

async function raisedForC(): Promise<void> {
  await eventually('the alarm', async () =>
    (await stores.alarms('a')).includes('CORRUPT') ? true : undefined,
  );
  const { members: listed } = await stores.cluster('a').list();
  const bad = listed.find(({ name }) => name === 'c')?.ID;
  expect(await stores.alarmedMembers('a')).toEqual([bad]);
  await expect(stores.kv('a').get('target')).rejects.toThrow('etcdserver: corrupt cluster');
  await expect(stores.kv('b').put('x', 'y')).rejects.toThrow('etcdserver: corrupt cluster');
}

test('a member that differs after a compaction is found by the leader', async () => {
  await falsifyC();
  stores.start('c', members, ...compactionChecks);
  await stores.ready('c');
  // Nobody compares anything before a compaction.
  expect(await stores.alarms('a')).toEqual([]);
  const { header } = await stores.kv('a').put('later', 'x');
  await stores.kv('a').compact(header?.revision ?? '');
  await raisedForC();
});

test('a member that differs is found: at its start, and by the leader while it runs', async () => {
  await falsifyC();

  stores.start('c', members, '--experimental-initial-corrupt-check');
  expect(await stores.exit('c')).toBe(1);
  expect(stores.log('c')).toMatch(/found data inconsistency with peers: at revision \d+/);

  for (const name of ['a', 'b']) {
    await stores.stop(name);
    stores.start(name, members, ...checks);
  }
  await stores.ready('a', 'b');
  expect(await stores.alarms('a')).toEqual([]);
  // One that compares takes its own data for right: c must not.
  stores.start('c', members);
  await raisedForC();
});
