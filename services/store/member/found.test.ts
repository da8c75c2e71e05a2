import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { DataDir } from '#shared/storage';
import type { Settings } from '../options.ts';
import { silent } from '../testing/local-cluster.ts';
import { found } from './found.ts';
import type { Identity } from './identity.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'found-'));
});
afterEach(() => rm(folder, { recursive: true }));

const urls = ['http://127.0.0.1:1'];
const file = (): string => join(folder, 'member.json');

/** One start, which writes as many entries to the log. */
async function start(entries = 0): Promise<Identity> {
  const settings = {
    name: 'm',
    dataDir: folder,
    initialCluster: { m: urls },
    initialAdvertisePeerUrls: urls,
    initialClusterToken: 't',
    initialClusterState: 'new',
    rng: createRng(1),
    log: silent,
  } as unknown as Settings;
  const dir = await DataDir.open(folder);
  try {
    const identity = await found(settings, dir, () => Promise.resolve(undefined));
    const first = dir.log.lastIndex() + 1;
    const written = Array.from({ length: entries }, (_, i) => {
      return { index: first + i, term: 1, type: 'normal', data: new Uint8Array() } as const;
    });
    await dir.log.write([{ hardState: { term: 1, vote: 0, commit: first }, entries: written }]);
    return identity;
  } finally {
    await dir.close();
  }
}

test('comes back as who it was', async () => {
  const { memberId, clusterId, starts } = await start(3);
  expect(await start()).toMatchObject({ memberId, clusterId, starts: starts + 1 });
});

test('founding that was cut short is done again; who has lived is not founded anew', async () => {
  const { memberId } = await start();
  await rm(file());
  expect(await start(1)).toMatchObject({ memberId });
  await rm(file());
  await expect(start()).rejects.toThrow(/holds a member's data, but no member.json .* back/);
});

test.each([
  ['empty', () => ''],
  ['cut short', (text: string) => text.slice(0, 60)],
  ['of another id', (text: string) => text.replace(/("memberId": \d*)\d/, '$17')],
  ['of another name', (text: string) => text.replace('"m"', '"n"')],
  ['null', () => 'null'],
  ['a number', () => '5'],
  ['a list', () => '[]'],
])('a member.json that is %s is damage', async (_, change) => {
  await start(1);
  const text = await readFile(file(), 'utf8');
  await writeFile(file(), change(text));
  await expect(start()).rejects.toThrow(/member.json .*move this directory away/);
});

test('one of an earlier version has no checksum', async () => {
  const { memberId } = await start(1);
  const text = await readFile(file(), 'utf8');
  await writeFile(file(), text.replace(/,\s*"check": \d+/, ''));
  expect(await start()).toMatchObject({ memberId });
});

test.each([['log'], ['log', 'kv-000000']])(
  'without its log a member is not started, and not at the next try either',
  async (...gone) => {
    await start(1);
    for (const name of gone) await rm(join(folder, name), { recursive: true });
    for (let i = 0; i < 2; i++) {
      await expect(start()).rejects.toThrow(/member.json, but the raft log in .*log, .* is gone/);
    }
  },
);

test('a backend that ends before the log begins is damage', async () => {
  await start(1);
  await rm(join(folder, 'kv-000000'), { recursive: true });
  await expect(start()).rejects.toThrow(
    /ends at entry 0, and the raft log begins behind 1: .*move this directory away/,
  );
});
