import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { BoltFile } from './bolt-file.ts';
import { BoltWriter, type Entry } from './bolt-writer.ts';

const dir = mkdtempSync(join(tmpdir(), 'quorate-bolt-'));
const files: FileHandle[] = [];
afterAll(async () => {
  for (const file of files) await file.close();
  rmSync(dir, { recursive: true });
});

const numbered = (index: number): Buffer => {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(index, 4);
  return key;
};

async function written(buckets: ReadonlyMap<string, readonly Entry[]>): Promise<BoltFile> {
  const sources = [...buckets].map(([name, entries]) => ({ name, entries: () => entries }));
  const writer = await BoltWriter.layOut(sources);
  const file = await open(join(dir, `${files.length}.db`), 'w+');
  files.push(file);
  let bytes = 0;
  for await (const chunk of writer.chunks()) {
    await file.write(chunk);
    bytes += chunk.length;
  }
  expect(bytes).toBe(writer.bytes);
  return BoltFile.open(file);
}

async function contents(bolt: BoltFile, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const [key, value] of bolt.bucket(name)) {
    found.push(`${key.toString('hex')}=${value.toString('base64')}`);
  }
  return found;
}

const shown = (entries: readonly Entry[]): string[] =>
  entries.map(
    ([key, value]) =>
      `${Buffer.from(key).toString('hex')}=${Buffer.from(value).toString('base64')}`,
  );

const seed = inject('seed');

test(`what was written is read: nothing, pages, overflowing pages, levels of branches (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  const sizes = new Map([
    ['none', 0],
    ['one', 1],
    ['some', 1 + rng.int(500)],
    ['many', 30_000],
  ]);
  const buckets = new Map(
    [...sizes].map(([name, size]) => [
      name,
      Array.from({ length: size }, (_, index): Entry => {
        const bytes = rng.int(200) === 0 ? rng.int(20_000) : rng.int(40);
        return [numbered(index), Buffer.alloc(bytes, index & 0xff)];
      }),
    ]),
  );
  const bolt = await written(buckets);
  for (const [name, entries] of buckets) {
    expect(await contents(bolt, name)).toEqual(shown(entries));
  }
  expect(await contents(bolt, 'unknown')).toEqual([]);
});

test('one entry larger than a page is a bucket’s only page', async () => {
  const entries: Entry[] = [[Buffer.from('key'), Buffer.alloc(100_000, 'x')]];
  const bolt = await written(new Map([['large', entries]]));
  expect(await contents(bolt, 'large')).toEqual(shown(entries));
});
