import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { DataDir } from './data-dir.ts';
import type { AppliedState } from './applied-state.ts';
import type { KvBackend } from './kv-backend.ts';
import type { Level } from './level.ts';
import { type Medium, systemMedium } from './medium.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-dir-'));
});

const confState = {
  voters: [1, 2, 3],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};
const applied = (index: number, term = 1): AppliedState => ({ index, term, confState });
const bytes = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const string = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString('latin1');
const all = (backend: KvBackend): string[] =>
  [...backend.scan(bytes(''), bytes('\xff'))].map(
    ([key, value]) => `${string(key)}=${string(value)}`,
  );
const entries = (to: number) =>
  Array.from({ length: to }, (_, i) => ({
    index: i + 1,
    term: 1,
    type: 'normal' as const,
    data: bytes('x'),
  }));

async function reopened(dir: DataDir): Promise<DataDir> {
  await dir.close();
  return DataDir.open(folder);
}

test('only what is flushed survives, with its applied index', async () => {
  let dir = await DataDir.open(folder);
  await dir.log.write([{ hardState: { term: 1, vote: 1, commit: 0 }, entries: entries(9) }]);
  dir.backend.put(bytes('a'), bytes('1'));
  dir.backend.putMeta('members', ['m1']);
  dir.backend.setApplied(applied(5));
  await dir.backend.flush();
  dir.backend.put(bytes('a'), bytes('2'));
  dir.backend.put(bytes('b'), bytes('2'));
  dir.backend.setApplied(applied(6));
  expect(all(dir.backend)).toEqual(['a=2', 'b=2']);
  dir = await reopened(dir);
  expect(all(dir.backend)).toEqual(['a=1']);
  expect(dir.backend.applied).toEqual(applied(5));
  expect(dir.backend.getMeta('members')).toEqual(['m1']);
  expect(dir.log.initialState()).toEqual({
    hardState: { term: 1, vote: 1, commit: 5 },
    confState,
  });
  await dir.close();
});

test('a store that is ahead of its log is refused', async () => {
  const dir = await DataDir.open(folder);
  dir.backend.setApplied(applied(5));
  await dir.backend.flush();
  await dir.close();
  await expect(DataDir.open(folder)).rejects.toThrow(/ends at 0, but the store has applied 5/);
});

test('reads see writes that are being flushed, and changes made meanwhile', async () => {
  const dir = await DataDir.open(folder);
  const { backend } = dir;
  backend.put(bytes('a'), bytes('1'));
  backend.put(bytes('b'), bytes('1'));
  const flushing = backend.flush();
  expect(all(backend)).toEqual(['a=1', 'b=1']);
  backend.put(bytes('a'), bytes('2'));
  backend.delete(bytes('b'));
  expect(all(backend)).toEqual(['a=2']);
  await flushing;
  expect(all(backend)).toEqual(['a=2']);
  await backend.flush();
  expect(all(backend)).toEqual(['a=2']);
  await dir.close();
});

const seed = inject('seed');

/** Any sequence of puts, deletes, flushes and restarts. */
test(`behaves as an ordered map (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  let dir = await DataDir.open(folder);
  const model = new Map<string, string>();
  for (let step = 0; step < 3000; step++) {
    const key = `k${rng.int(400)}`;
    if (rng.int(3) > 0) {
      dir.backend.put(bytes(key), bytes(`${step}`));
      model.set(key, `${step}`);
    } else {
      dir.backend.delete(bytes(key));
      model.delete(key);
    }
    if (rng.int(200) === 0) void dir.backend.flush();
    if (rng.int(1000) === 0) {
      await dir.backend.flush();
      dir = await reopened(dir);
    }
    const probe = `k${rng.int(400)}`;
    expect(string(dir.backend.get(bytes(probe)))).toBe(model.get(probe));
  }
  const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`);
  expect(all(dir.backend)).toEqual(expected);
  await dir.close();
});

test('a snapshot shows one moment, and takes the place of everything where it is installed', async () => {
  const source = await DataDir.open(join(folder, 'source'));
  for (let i = 0; i < 5000; i++) source.backend.put(bytes(`k${i}`), bytes('v'.repeat(100)));
  source.backend.putMeta('members', ['m1', 'm2']);
  source.backend.setApplied(applied(50, 4));
  const snapshot = await source.backend.snapshot();
  source.backend.put(bytes('later'), bytes('x'));
  source.backend.setApplied(applied(51, 4));
  await source.backend.flush();
  expect(snapshot.applied).toEqual(applied(50, 4));

  const target = join(folder, 'target');
  let dir = await DataDir.open(target);
  await dir.log.write([{ hardState: { term: 1, vote: 1, commit: 1 }, entries: entries(9) }]);
  dir.backend.put(bytes('old'), bytes('x'));
  await dir.backend.flush();
  const old = dir.backend;
  const staged = await dir.stage(snapshot.chunks());
  await snapshot.close();
  expect(string(dir.backend.get(bytes('old')))).toBe('x');
  await dir.install(staged, { term: 4, vote: 0, commit: 50 });
  // Whoever reads has it until the state is replaced.
  expect(string(old.get(bytes('old')))).toBe('x');
  await dir.dropReplaced();
  for (const _round of ['installed', 'reopened']) {
    expect(all(dir.backend)).toHaveLength(5000);
    expect(dir.backend.getMeta('members')).toEqual(['m1', 'm2']);
    expect([dir.log.compactedIndex(), dir.log.lastIndex(), dir.log.term(50)]).toEqual([50, 50, 4]);
    expect(dir.log.initialState().confState).toEqual(confState);
    await dir.close();
    dir = await DataDir.open(target);
  }
  expect((await readdir(target)).sort()).toEqual(['kv-000001', 'lock', 'log']);
  await dir.close();
  await source.close();
});

test('a snapshot that breaks off, or is damaged, leaves everything as it was', async () => {
  const source = await DataDir.open(join(folder, 'source'));
  for (let i = 0; i < 10_000; i++) source.backend.put(bytes(`k${i}`), bytes('v'.repeat(100)));
  const snapshot = await source.backend.snapshot();
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.chunks()) chunks.push(chunk);
  await snapshot.close();
  await source.close();

  const target = join(folder, 'target');
  const dir = await DataDir.open(target);
  dir.backend.put(bytes('old'), bytes('x'));
  async function* stream(parts: Uint8Array[]) {
    yield* parts;
  }
  await expect(dir.stage(stream(chunks.slice(0, -1)))).rejects.toThrow(/before its end/);
  await expect(dir.stage(stream(chunks.slice(1)))).rejects.toThrow(/before its end/);
  const flipped = chunks.map((chunk, i) =>
    i === 1 ? chunk.map((b, j) => (j === 9 ? b ^ 1 : b)) : chunk,
  );
  await expect(dir.stage(stream(flipped))).rejects.toThrow(/chunk is damaged/);
  expect(string(dir.backend.get(bytes('old')))).toBe('x');
  expect((await readdir(target)).sort()).toEqual(['kv-000000', 'lock', 'log']);
  await dir.close();
});

test('a snapshot for which there is no room leaves everything as it was, and says what to do', async () => {
  const source = await DataDir.open(join(folder, 'source'));
  source.backend.put(bytes('k'), bytes('v'));
  const snapshot = await source.backend.snapshot();
  const target = join(folder, 'target');
  let full = false;
  const medium: Medium = {
    ...systemMedium,
    async openLevel(...args) {
      const level = await systemMedium.openLevel(...args);
      const noSpace = new Error('IO error: 000003.log: No space left on device');
      const batch: Level['batch'] = (...write) =>
        full ? Promise.reject(noSpace) : level.batch(...write);
      return { ...level, batch };
    },
  };
  const dir = await DataDir.open(target, medium);
  full = true;
  await expect(dir.stage(snapshot.chunks())).rejects.toThrow(
    /cannot write an arriving snapshot to .*kv-000001: .*No space left on device: free the disk/,
  );
  expect((await readdir(target)).sort()).toEqual(['kv-000000', 'lock', 'log']);
  full = false;
  await dir.discard(await dir.stage(snapshot.chunks()));
  await snapshot.close();
  await source.close();
  await dir.close();
});

test('a staged snapshot that a crash left behind is removed at the start', async () => {
  let dir = await DataDir.open(folder);
  const snapshot = await dir.backend.snapshot();
  await dir.stage(snapshot.chunks());
  await snapshot.close();
  expect(await readdir(folder)).toContain('kv-000001');
  dir = await reopened(dir);
  expect((await readdir(folder)).sort()).toEqual(['kv-000000', 'lock', 'log']);
  await dir.close();
});

test('where the log is lost, the backend that it named is not removed', async () => {
  let dir = await DataDir.open(folder);
  dir.backend.put(bytes('a'), bytes('1'));
  dir.backend.setApplied(applied(5));
  const snapshot = await dir.backend.snapshot();
  const staged = await dir.stage(snapshot.chunks());
  await snapshot.close();
  await dir.install(staged, { term: 1, vote: 0, commit: 5 });
  await dir.dropReplaced();
  await dir.close();
  const log = join(folder, 'log');
  await rename(log, `${log}.away`);
  for (let i = 0; i < 2; i++) {
    await expect(DataDir.open(folder)).rejects.toThrow(
      /holds kv-000001, but the raft log in .*log, .* is gone: put that back, or move/,
    );
  }
  await rm(log, { recursive: true, force: true });
  await rename(`${log}.away`, log);
  dir = await DataDir.open(folder);
  expect(all(dir.backend)).toEqual(['a=1']);
  await dir.close();
});

test('a damaged lock is said to hold no data, so that nobody gives up the directory for it', async () => {
  const dir = await DataDir.open(folder);
  await dir.close();
  const lock = join(folder, 'lock');
  const [manifest] = (await readdir(lock)).filter((name) => name.startsWith('MANIFEST'));
  await writeFile(join(lock, manifest ?? ''), '');
  await expect(DataDir.open(folder)).rejects.toThrow(
    /lock, which holds no data, is damaged \(Corruption: .*\): .*remove/,
  );
  await rm(lock, { recursive: true });
  await (await DataDir.open(folder)).close();
});

test('where it cannot be written who holds a directory, that is said, and nobody holds it', async () => {
  await mkdir(join(folder, 'lock/HOLDER'), { recursive: true });
  await expect(DataDir.open(folder)).rejects.toThrow(/cannot open the database in .*lock: EISDIR/);
  await rm(join(folder, 'lock/HOLDER'), { recursive: true });
  await (await DataDir.open(folder)).close();
});
