import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '#shared/base';
import { Mvcc } from '#shared/mvcc';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { KvBackend } from './kv-backend.ts';

const dir = mkdtempSync(join(tmpdir(), 'quorate-backend-'));
const original = join(dir, 'original');
const seed = Number(process.env['SEED'] ?? 0) || (Math.random() * 2 ** 31) | 0;
const records = 300;
const key = (i: number): Buffer => Buffer.from(`key-${String(i).padStart(6, '0')}`);
const value = (i: number): Buffer => Buffer.alloc(20 + (i % 90), `value ${i} `);
const applied = {
  index: 7,
  term: 2,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

beforeAll(async () => {
  const backend = await KvBackend.open(original);
  for (let i = 0; i < records; i++) {
    backend.put(key(i), value(i));
    // Some in table files, some in LevelDB's own log, in several batches.
    if (i % 50 === 0) await backend.flush();
    if (i === records / 2) await backend.defragment();
  }
  backend.putMeta('members', ['a', 'b']);
  backend.setApplied(applied);
  await backend.flush();
  await backend.close();
});
afterAll(() => rmSync(dir, { recursive: true }));

async function contents(folder: string): Promise<void> {
  const backend = await KvBackend.open(folder);
  try {
    for (let i = 0; i < records; i++) {
      const read = backend.get(key(i));
      expect(read && Buffer.from(read).equals(value(i)), `record ${i}`).toBe(true);
    }
    expect([...backend.scan(key(0), key(records))]).toHaveLength(records);
    expect(backend.applied).toEqual(applied);
    expect(backend.getMeta('members')).toEqual(['a', 'b']);
  } finally {
    await backend.close();
  }
}

/** False: everything is read as it was written. */
async function isFound(folder: string): Promise<boolean> {
  try {
    await contents(folder);
    return false;
  } catch (thrown) {
    // Where opening did not meet it, reading does.
    const said = thrown instanceof Error ? thrown.message : '';
    if (/is damaged|cannot open the database/.test(said)) return true;
    throw thrown;
  }
}

test('what was flushed is there again', () => contents(original));

test(`a flipped bit anywhere is found or harmless: no wrong value is read (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  let found = 0;
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
    if (await isFound(folder)) found++;
    rmSync(folder, { recursive: true });
  }
  expect(found).toBeGreaterThan(0);
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
