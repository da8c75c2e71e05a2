import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { Stores } from '../../store/stores.ts';

/** A member that somebody runs by itself, broken with the command as a person would. */
const stores = new Stores();
const main = join(import.meta.dirname, '../../../dist/bin/quorate.js');

async function fault(...args: string[]): Promise<string> {
  const all = [main, 'fault', ...args, '--store-dir', stores.dataDir('solo')];
  const { stdout } = await promisify(execFile)(process.execPath, all);
  return stdout;
}

const start = async (): Promise<void> => {
  stores.start('solo', ['solo'], '--enable-faults');
  await eventually('a member whose faults can be listed', () =>
    fault('list').catch(() => undefined),
  );
};

beforeAll(() => stores.reserve('solo'));
afterAll(() => stores.destroy());

test('what is to survive a restart is there again after a kill, by the name of the member', async () => {
  await start();
  expect(await fault('list')).toContain('Nothing is broken');
  await fault('process', 'slow', 'solo', '--percent', '60', '--survive-restart');
  await fault('disk', 'stall', 'solo', '--ms', '5');
  expect(await fault('list')).toMatch(/solo.*slow 60%/);
  await stores.kill('solo');
  await expect(fault('list')).rejects.toThrow('no answer from solo');
  await start();
  const after = await fault('list');
  expect(after).toMatch(/solo.*slow 60%/);
  expect(after).not.toContain('stall');
  await fault('heal');
  expect(await fault('list')).toContain('Nothing is broken');
});

test('a process that is not there is refused, with those that are', async () => {
  await expect(fault('process', 'slow', 'other', '--percent', '5')).rejects.toThrow(
    /There are: solo/,
  );
});
