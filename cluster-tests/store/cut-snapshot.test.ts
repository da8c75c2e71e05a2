import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually, freePort } from '#shared/lab';
import { Gate } from './gate.ts';
import { Stores } from './stores.ts';

/*
 * A member that was away needs the whole state, and either side of its snapshot is killed while half of that is
 * on its way. What lies half received is no state, and is cleared away.
 */
const names = ['a', 'b', 'c'];
const flags = ['--snapshot-count', '20', '--snapshot-catchup-entries', '5'];
const value = Buffer.alloc(128 << 10, 'v');
const values = 32;
/** More than anything but a snapshot brings, and half of one. */
const halfBytes = (values * value.length) / 2;

const stores = new Stores();
let gate: Gate;
let listens: string;

const startC = (): void =>
  stores.start(
    'c',
    names,
    ...flags,
    `--listen-peer-urls=${listens}`,
    `--initial-advertise-peer-urls=${stores.peerUrl('c')}`,
  );

/** Folders of the state on the disk: what is in use, and what is arriving. */
const states = (): string[] =>
  readdirSync(stores.dataDir('c')).filter((name) => name.startsWith('kv-'));

const times = (name: string, message: string): number => stores.log(name).split(message).length - 1;

beforeAll(async () => {
  await stores.reserve(...names);
  listens = `http://127.0.0.1:${await freePort()}`;
  gate = new Gate(stores.peerUrl('c'), listens, halfBytes);
  for (const name of ['a', 'b']) stores.start(name, names, ...flags);
  startC();
  await stores.ready(...names);
});
afterAll(async () => {
  await stores.destroy();
  await gate.close();
});

beforeEach(async () => {
  await stores.kill('c');
  const [a, b] = ['a', 'b'].map((name) => times(name, forgot));
  for (let i = 0; i < values; i++) await stores.kv('a').put(`k/${i}`, value);
  await eventually(
    'logs that have forgotten',
    () => (times('a', forgot) > Number(a) && times('b', forgot) > Number(b)) || undefined,
  );
  gate.shut();
  startC();
  await halfOnDisk();
});

const halfOnDisk = (): Promise<true> =>
  eventually('half a snapshot on the disk', () => {
    const [, arriving] = states();
    const bytes = arriving === undefined ? 0 : bytesOf(join(stores.dataDir('c'), arriving));
    return (gate.holds && bytes > halfBytes / 4) || undefined;
  });

const forgot = 'compacted the raft log';

function bytesOf(folder: string): number {
  const sizes = readdirSync(folder).map((file) => statSync(join(folder, file)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Installed once more than before, whole, and all that is left. */
async function expectEverything(installed: number): Promise<void> {
  await stores.ready('c');
  for (let i = 0; i < values; i++) {
    expect((await stores.kv('c').get(`k/${i}`, true))?.length).toBe(value.length);
  }
  expect(times('c', 'installed a snapshot')).toBeGreaterThan(installed);
  await eventually('one state on the disk', () => states().length === 1 || undefined);
}

test('the receiver is killed, and started again', async () => {
  const installed = times('c', 'installed a snapshot');
  await eventually('a kill in the middle', async () => {
    await stores.kill('c');
    if (states().length === 2) return true;
    // Its sender had just given up: what was half there is gone, and comes anew.
    startC();
    await halfOnDisk();
    return undefined;
  });
  gate.cut();
  startC();
  await expectEverything(installed);
});

test('the sender is killed, and another one sends', async () => {
  const installed = times('c', 'installed a snapshot');
  const [, role] = [...stores.log('b').matchAll(/"role":"(\w+)"/g)].at(-1) ?? [];
  const sender = role === 'leader' ? 'b' : 'a';
  await stores.kill(sender);
  gate.cut();
  await expectEverything(installed);
  stores.start(sender, names, ...flags);
  await stores.ready(sender);
});
