import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, freePort } from '#shared/lab';
import { Gate } from './gate.ts';
import { Stores } from './stores.ts';

/*
 * A learner needs the whole state, and its snapshot stops half-way: it goes on where that is over soon, is given up and
 * sent anew where not, and costs its sender nothing.
 */
const names = ['a', 'b'];
const flags = ['--snapshot-count', '20', '--snapshot-catchup-entries', '5'];
const value = Buffer.alloc(128 << 10, 'v');
const values = 512;
const stateBytes = values * value.length;

const stores = new Stores();
let gate: Gate;
let listens: string;
let learner: string;

const startC = (): void =>
  stores.start(
    'c',
    [...names, 'c'],
    ...flags,
    '--initial-cluster-state=existing',
    `--listen-peer-urls=${listens}`,
    `--initial-advertise-peer-urls=${stores.peerUrl('c')}`,
  );

const times = (name: string, message: string): number => stores.log(name).split(message).length - 1;

/** Of those who may send. */
const gaveUp = (): number =>
  names.reduce((n, name) => n + times(name, 'could not send a snapshot'), 0);

async function resident(): Promise<number> {
  let sum = 0;
  for (const name of names) {
    const text = await (await fetch(`http://${stores.endpoint(name)}/metrics`)).text();
    sum += Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1]);
  }
  return sum;
}

const halfOnDisk = (): Promise<true> =>
  eventually('half a snapshot on the disk', () => {
    const dir = stores.dataDir('c');
    const [, arriving] = readdirSync(dir).filter((name) => name.startsWith('kv-'));
    return (gate.holds && arriving && bytesOf(join(dir, arriving)) > stateBytes / 8) || undefined;
  });

/** LevelDB removes files at any time. */
function bytesOf(folder: string): number {
  const sizes = readdirSync(folder).map(
    (file) => statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const everythingArrives = (): Promise<true> =>
  eventually('the newest value', async () => {
    const found = await stores.kv('c').get('newest', true);
    return found === String(newest) || undefined;
  });

let newest = 0;
async function putMore(): Promise<void> {
  for (let i = 0; i < 40; i++) await stores.kv('a').put('newest', String(++newest));
}

beforeAll(async () => {
  await stores.reserve(...names, 'c');
  listens = `http://127.0.0.1:${await freePort()}`;
  gate = new Gate(stores.peerUrl('c'), listens, stateBytes / 2);
  for (const name of names) stores.start(name, names, ...flags);
  await stores.ready(...names);
  for (let i = 0; i < values; i++) await stores.kv('a').put(`k/${i}`, value);
  for (const name of names) {
    await eventually('a log that has forgotten', () =>
      stores.log(name).includes('compacted the raft log') ? true : undefined,
    );
  }
  learner = await eventually('a learner', async () => {
    const { member } = await stores.cluster('a').add(stores.peerUrl('c'), true);
    return member?.ID;
  });
});
afterAll(async () => {
  await stores.destroy();
  await gate.close();
});

test('a snapshot that stalls is given up and sent anew, and who sends it goes on', async () => {
  const before = await resident();
  gate.shut();
  startC();
  for (let attempt = 1; attempt <= 2; attempt++) {
    await halfOnDisk();
    await putMore();
    // What was sent already is garbage that need not be collected yet; no sender holds all of the state.
    expect((await resident()) - before).toBeLessThan(stateBytes);
    await eventually('its sender to give up', () => gaveUp() >= attempt || undefined);
  }
  await halfOnDisk();
  gate.cut();
  await everythingArrives();
  for (let i = 0; i < values; i += 50) {
    expect((await stores.kv('c').get(`k/${i}`, true))?.length).toBe(value.length);
  }
});

test('one that stalls for a moment arrives', async () => {
  await stores.kill('c');
  await putMore();
  await putMore();
  gate.shut();
  startC();
  await halfOnDisk();
  gate.open();
  await everythingArrives();
  await eventually('its promotion', () =>
    stores
      .cluster('a')
      .promote(learner)
      .then(() => true),
  );
  await stores.ready('c');
});
