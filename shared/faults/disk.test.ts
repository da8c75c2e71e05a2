import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { systemMedium } from '#shared/storage';
import { faultyDisk } from './disk.ts';
import { FaultPlane } from './plane.ts';

const dir = mkdtempSync(join(tmpdir(), 'quorate-faulty-disk-'));

const crashes: unknown[] = [];
const plane = new FaultPlane({
  name: 'm',
  clock: new ManualClock(),
  rng: createRng(1),
  file: undefined,
  crash: (code) => crashes.push(code),
});
const disk = faultyDisk(systemMedium.disk, plane);
const broken = (what: 'lose-sync' | 'torn-write' | 'bit-flip' | 'full' | 'error') =>
  plane.set({ kind: 'disk', what, target: 'log', ms: 0, probability: 1 });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (given: Uint8Array): string => new TextDecoder().decode(given);

test('lost syncs are seen by the process, and are in no file until they are healed', async () => {
  const path = join(dir, 'a');
  const file = await disk.open(path, { create: true, durable: true });
  await file.write(bytes('kept'), 0);
  broken('lose-sync');
  await file.write(bytes('LOST'), 2);
  expect(text(disk.read(path, 0, 100))).toBe('keLOST');
  expect(text(disk.read(path, 3, 2))).toBe('OS');
  expect(disk.size(path)).toBe(6);
  expect(readFileSync(path, 'utf8')).toBe('kept');
  plane.heal();
  await file.write(bytes('!'), 6);
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('keLOST!');
});

test('a torn write leaves its beginning, and the process is gone', async () => {
  const path = join(dir, 'b');
  const file = await disk.open(path, { create: true, durable: true });
  broken('torn-write');
  void file.write(bytes('x'.repeat(1000)), 0);
  await expect.poll(() => crashes).toEqual([undefined]);
  expect(readFileSync(path).length).toBeLessThan(1000);
  plane.heal();
});

test('a flipped bit is one bit; a full disk and a broken one say so as the system does', async () => {
  const path = join(dir, 'c');
  const file = await disk.open(path, { create: true, durable: true });
  broken('bit-flip');
  await file.write(new Uint8Array(64), 0);
  plane.heal();
  const ones = [...readFileSync(path)].reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
    0,
  );
  expect(ones).toBe(1);
  broken('full');
  await expect(file.write(bytes('x'), 0)).rejects.toMatchObject({ code: 'ENOSPC' });
  plane.heal();
  broken('error');
  await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
});
