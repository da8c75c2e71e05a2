import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stores } from './stores.ts';

/** etcd's `--bootstrap-defrag-threshold-megabytes`. */
const stores = new Stores();
const skipped = /"Skipping defragmentation"/g;

beforeAll(async () => {
  await stores.reserve('a');
  stores.start('a', ['a']);
  await stores.ready('a');
});
afterAll(() => stores.destroy());

async function startAgain(thresholdMegabytes: number): Promise<void> {
  await stores.stop('a');
  stores.start('a', ['a'], `--bootstrap-defrag-threshold-megabytes=${thresholdMegabytes}`);
  await stores.ready('a');
}

function backendBytes(): number {
  const dir = join(stores.dataDir('a'), 'kv-000000');
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

test('a start gives back what the threshold says is worth it, and skips what is not', async () => {
  for (let i = 0; i < 40; i++) await stores.kv('a').put(`large${i}`, randomBytes(200_000));
  await stores.kv('a').put('kept', 'x');
  // A start writes what it finds in the database's log to a table, which deletions leave as it is.
  await startAgain(0);
  expect(stores.log('a')).not.toMatch(skipped);
  for (let i = 0; i < 40; i++) {
    const { header } = await stores.kv('a').delete(`large${i}`);
    if (i === 39) await stores.kv('a').compact(header?.revision ?? '');
  }
  await startAgain(1000);
  expect(stores.log('a').match(skipped)).toHaveLength(1);
  const before = backendBytes();
  expect(before).toBeGreaterThan(8_000_000);
  await startAgain(1);
  expect(stores.log('a').match(skipped)).toHaveLength(1);
  expect(backendBytes()).toBeLessThan(before - 7_000_000);
  expect(await stores.kv('a').get('kept')).toBe('x');
  expect(await stores.kv('a').get('large7')).toBeUndefined();
});
