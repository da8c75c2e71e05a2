import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { Stores } from './stores.ts';

/** A small file system of its own needs root; without it the injected failures of shared/storage stand for this. */
const canMount = process.getuid?.() === 0 && mounts();

function mounts(): boolean {
  const probe = join('/tmp', `quorate-mount-${process.pid}`);
  mkdirSync(probe);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}

describe.runIf(canMount)('a disk of 80 MiB', () => {
  const stores = new Stores();
  let disk: string;
  beforeAll(async () => {
    await stores.reserve('a');
    disk = stores.dataDir('a');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'none', disk]);
    stores.start('a', ['a']);
    await stores.ready('a');
  });
  afterAll(async () => {
    await stores.stop('a').catch(() => undefined);
    execFileSync('umount', ['-l', disk]);
    await stores.destroy();
  });

  const acknowledged: string[] = [];
  const write = async (name: string): Promise<void> => {
    await stores.kv('a').put(name, Buffer.alloc(200_000, name));
    acknowledged.push(name);
  };
  const everythingIsThere = async (): Promise<void> => {
    for (const name of acknowledged) {
      const value = await stores.kv('a').get(name);
      expect(value === Buffer.alloc(200_000, name).toString(), name).toBe(true);
    }
  };

  test('full: the member stops, says why, loses nothing, and comes back with space', async () => {
    const filler = join(disk, 'filler');
    execFileSync('sh', ['-c', `cat /dev/zero > '${filler}' 2>/dev/null || true`]);
    await expect(
      (async () => {
        for (let i = 0; i < 2000; i++) await write(`full-${i}`);
      })(),
    ).rejects.toThrow(/./);
    expect(await stores.exit('a')).toBe(1);
    expect(stores.log('a')).toMatch(/ENOSPC|[Nn]o space left/);
    expect(stores.log('a')).toContain('This member stops');
    rmSync(filler);
    stores.start('a', ['a']);
    await stores.ready('a');
    await write('after');
    await everythingIsThere();
  });

  test('read-only: it stops or refuses to start, and comes back when it can write again', async () => {
    await write('before read-only');
    await stores.stop('a');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    stores.start('a', ['a']);
    expect(await stores.exit('a')).toBe(1);
    expect(stores.log('a')).toMatch(/[Rr]ead-only file system|EROFS/);
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    stores.start('a', ['a']);
    await eventually('the member', () => stores.ready('a').then(() => true));
    await everythingIsThere();
  });
});

test.runIf(!canMount)('a data directory that cannot be made is refused with its name', async () => {
  const stores = new Stores();
  await stores.reserve('x');
  writeFileSync(stores.dataDir('x'), 'no folder');
  stores.start('x', ['x']);
  expect(await stores.exit('x')).toBe(1);
  expect(stores.log('x')).toContain('cannot create the data directory');
  await stores.destroy();
});
