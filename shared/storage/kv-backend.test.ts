import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, createRng } from '#shared/base';
import { historyRecord, Mvcc } from '#shared/mvcc';
import { beforeAll, expect, inject, test, vi } from 'vitest';
import { appliedKey, encodeApplied, nothingApplied } from './applied-state.ts';
import { KvBackend } from './kv-backend.ts';
import type { BackendSnapshot } from './backend-snapshot.ts';
import { type Level, type LevelOperation, openLevel } from './level.ts';
import { type Medium, systemMedium } from './medium.ts';
import { fullPageBytes } from './page.ts';
import { latin1, pageKey, prefixed, sealed, sealOf } from './sealed-records.ts';
import { readKnown, writeKnown } from './testing/known-backend.ts';

const dir = mkdtempSync(join(tmpdir(), 'quorate-backend-'));
const original = join(dir, 'original');
const seed = inject('seed');

beforeAll(() => writeKnown(original));

/** What reading each gave, in order; where LevelDB's own checks ended the process, that it did. */
function read(folders: readonly string[]): string[] {
  const program = join(import.meta.dirname, 'testing/read-known.ts');
  const said: string[] = [];
  while (said.length < folders.length) {
    const args = ['--conditions=quorate-source', program, ...folders.slice(said.length)];
    const { stdout, stderr, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    said.push(...stdout.split('\n').filter((line) => line !== ''));
    if (signal === 'SIGABRT') said.push(`the process was ended: ${stderr}`);
    else if (said.length < folders.length) throw new Error(stderr);
  }
  return said;
}

test('what was flushed is there again', () => readKnown(original));

test('after a write that failed nothing is written, not even by somebody who has not heard of it', async () => {
  const folder = join(dir, 'full');
  let full = false;
  const medium: Medium = {
    ...systemMedium,
    async openLevel(...args) {
      const level = await systemMedium.openLevel(...args);
      const batch: Level['batch'] = (...write) =>
        full ? Promise.reject(new Error('No space left on device')) : level.batch(...write);
      return { ...level, batch };
    },
  };
  let backend = await KvBackend.open(folder, medium);
  backend.put(Buffer.from('k'), Buffer.from('lost'));
  backend.setApplied({ ...nothingApplied, index: 1 });
  full = true;
  // Somebody who wants to send it to another member.
  await expect(backend.snapshot()).rejects.toThrow(/cannot write the store: No space left/);
  full = false;
  backend.put(Buffer.from('other'), Buffer.from('value'));
  backend.setApplied({ ...nothingApplied, index: 2 });
  await expect(backend.flush()).rejects.toThrow(/cannot write the store: No space left/);
  await backend.close();
  backend = await KvBackend.open(folder);
  expect(backend.applied.index).toBe(0);
  await backend.close();
});

test(`a flipped bit anywhere is found or harmless: no wrong value is read (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  const folders: string[] = [];
  for (let i = 0; i < 60; i++) {
    const folder = join(dir, `copy-${i}`);
    cpSync(original, folder, { recursive: true });
    const files = readdirSync(folder).filter((name) => /^\d+\.|MANIFEST|CURRENT/.test(name));
    const file = join(folder, files[rng.int(files.length)] ?? '');
    const bytes = readFileSync(file);
    if (bytes.length === 0) continue;
    const at = rng.int(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << rng.int(8)), at);
    writeFileSync(file, bytes);
    folders.push(folder);
  }
  const found = read(folders).filter((said) => said !== 'whole');
  const known = /is damaged|cannot open the database|the process was ended/;
  expect(found.filter((said) => !known.test(said))).toEqual([]);
  expect(found.length).toBeGreaterThan(0);
});

const change = (revision: number, key: string, value = Buffer.from(key)) =>
  historyRecord.change(
    { key, value, createRevision: 0, modRevision: revision, version: 1, lease: 0n },
    0,
  );

/** A backend of one key and some pages, and rows of it as they were before all of them changed. */
async function changedRows(folder: string) {
  let level: Level | undefined;
  const medium: Medium = {
    ...systemMedium,
    openLevel: async (...args) => (level = await systemMedium.openLevel(...args)),
  };
  const backend = await KvBackend.open(folder, medium);
  const key = Buffer.from('key');
  backend.put(key, Buffer.from('older'));
  const records = [2, 3, 4, 5, 6].map((i) => change(i, 'a', Buffer.alloc(0.6 * fullPageBytes)));
  for (const record of records) backend.put(...record);
  // Two lie in each page; the last one, which is still added to, is in memory.
  const [first, second, third] = records.map(([id]) => id) as [Uint8Array, Uint8Array, Uint8Array];
  await backend.flush();
  const rows = [prefixed(key), pageKey(latin1(first))].map((row) => {
    const value = level?.getSync(row);
    assert(value !== undefined, 'a row is not where it should be');
    return { type: 'put' as const, key: row, value };
  });
  backend.put(key, Buffer.from('newer'));
  backend.delete(second);
  await backend.flush();
  assert(level !== undefined, 'nothing was opened');
  return { backend, key, second, third, level, rows };
}

test('an older version of a row, sound in itself, is not taken for the row: it answers nobody', async () => {
  const { backend, key, second, third, level, rows } = await changedRows(join(dir, 'older'));
  expect(Buffer.from(backend.get(key) ?? []).toString()).toBe('newer');
  expect(backend.get(second)).toBeUndefined();
  await level.batch(rows);
  expect(() => backend.get(key)).toThrow('is damaged (a record is an older one');
  // Another page is read between, so that this one is read again.
  expect(backend.get(third)).toBeDefined();
  expect(() => backend.get(second)).toThrow('is damaged (a record is an older one');
  await expect(backend.flush()).rejects.toThrow('is damaged');
  await backend.close();
});

async function readAll(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const part of parts) void part;
}

/** Rows as they were before, and rows that have gone. */
const damages = {
  'an older version of': ([row]: readonly LevelOperation[]) => row,
  no: ([row]: readonly LevelOperation[]) => row && ({ type: 'del', key: row.key } as const),
};
/** A backup, and what another member is sent. */
const uses = {
  'looked into': (snapshot: BackendSnapshot) => readAll(snapshot.scan(Buffer.of(0), Buffer.of(1))),
  sent: (snapshot: BackendSnapshot) => readAll(snapshot.chunks()),
};

test.each(
  Object.keys(damages).flatMap((damage) => Object.keys(uses).map((use) => [damage, use] as const)),
)('a snapshot with %s row is not %s, and ends the member', async (damage, use) => {
  const folder = join(dir, `snapshot ${damage} ${use}`);
  const { backend, level, rows } = await changedRows(folder);
  const whole = await backend.snapshot();
  await uses[use as keyof typeof uses](whole);
  await whole.close();
  const change = damages[damage as keyof typeof damages](rows);
  assert(change !== undefined, 'there is nothing to change');
  await level.batch([change]);
  const snapshot = await backend.snapshot();
  await expect(uses[use as keyof typeof uses](snapshot)).rejects.toThrow(
    /the backend in .* is damaged \((some of its rows are older ones|it holds \d+ rows, not)/,
  );
  await snapshot.close();
  await expect(backend.flush()).rejects.toThrow('is damaged');
  await backend.close();
});

test('a snapshot whose backend is closed is not taken for damaged', async () => {
  const { backend } = await changedRows(join(dir, 'closed'));
  const snapshot = await backend.snapshot();
  await backend.close();
  await expect(readAll(snapshot.chunks())).rejects.toThrow('is not in use any more');
});

test.each([0, 1])('a backend with an older version of row %i is not opened', async (which) => {
  const folder = join(dir, `older-${which}`);
  const { backend, level, rows } = await changedRows(folder);
  await level.batch(rows.slice(which, which + 1));
  await backend.close();
  await expect(KvBackend.open(folder)).rejects.toThrow('older ones than were written');
});

test('hands over what mvcc needs of what it read at opening, once, and not after a change', async () => {
  const folder = join(dir, 'revisions');
  const first = await KvBackend.open(folder);
  const before = new Mvcc(first);
  before.put({ key: 'a', value: Buffer.from('1') });
  before.put({ key: 'b', value: Buffer.from('2') });
  before.deleteRange({ key: 'a' });
  await first.flush();
  await first.close();

  const again = await KvBackend.open(folder);
  const scans = vi.spyOn(again, 'scan');
  const mvcc = new Mvcc(again);
  mvcc.restore();
  expect(mvcc.describe()).toBe(before.describe());
  expect(mvcc.range({ key: '\0', rangeEnd: '\0' }).kvs.map((kv) => kv.key)).toEqual(['b']);
  const revisions = ([low]: readonly Uint8Array[]): boolean => low?.[0] === 0x72;
  expect(scans.mock.calls.filter(revisions)).toEqual([]);
  expect(again.takeRevisions()).toBeUndefined();
  await again.close();

  const changed = await KvBackend.open(folder);
  changed.delete(Uint8Array.of(1));
  expect(changed.takeRevisions()).toBeDefined();
  await changed.close();
  const put = await KvBackend.open(folder);
  put.put(Uint8Array.of(1), Uint8Array.of(2));
  expect(put.takeRevisions()).toBeUndefined();
  await put.close();
});

/** Revisions as there were before there were pages: each in a row of its own. */
async function writeUnpaged(folder: string, rows: readonly (readonly [Uint8Array, Uint8Array])[]) {
  const level = await openLevel(folder, { cacheSize: 1 << 20, writeBufferSize: 1 << 20 });
  const stored = rows.map(([key, value]) => {
    const rowKey = prefixed(key);
    return [rowKey, sealed(rowKey, value)] as const;
  });
  const digest = stored.reduce((sum, [, row]) => (sum + sealOf(row)) | 0, 0);
  const check = encodeApplied(nothingApplied, new Map(), { count: rows.length, digest });
  await level.batch(
    [...stored, [appliedKey, sealed(appliedKey, check)] as const].map(([key, value]) => ({
      type: 'put',
      key,
      value,
    })),
  );
  await level.close();
}

test('revisions that are not in pages are read, added to and deleted', async () => {
  const folder = join(dir, 'unpaged');
  await writeUnpaged(folder, [change(2, 'a'), change(3, 'b'), change(4, 'a')]);
  const first = await KvBackend.open(folder);
  const mvcc = new Mvcc(first);
  mvcc.restore();
  mvcc.put({ key: 'a', value: Buffer.from('new') });
  mvcc.compact(5);
  Array.from(mvcc.compactionSteps());
  const before = mvcc.hash();
  await first.flush();
  await first.close();

  const again = await KvBackend.open(folder);
  const after = new Mvcc(again);
  after.restore();
  expect(after.hash()).toEqual(before);
  const { kvs } = after.range({ key: '\0', rangeEnd: '\0' });
  expect(kvs.map((kv) => `${kv.key}=${Buffer.from(kv.value).toString()}`)).toEqual([
    'a=new',
    'b=b',
  ]);
  expect([...again.scan(Buffer.from('r'), Buffer.from('s'))].length).toBe(2);
  await again.close();
});
