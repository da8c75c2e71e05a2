import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { enableFaults, readEndpoint } from '#shared/faults';
import type { Context } from '../context.ts';
import { healFaults, listFaults } from './show.ts';

/** A process whose faults can be set, by the folder that says how. */
async function breakable(folder: string, name: string): Promise<string> {
  const dir = join(folder, name);
  mkdirSync(dir);
  const own = { pid: 0, kill: () => true, exit: () => undefined };
  const clock = new ManualClock();
  const { service } = enableFaults({ name, dir, clock, rng: createRng(1), own });
  await service.start();
  onTestFinished(() => service.stop());
  return dir;
}

test('a token that is refused is said, beside what the others answer, and is a failure', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-show-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const storeDir = [await breakable(folder, 'a'), await breakable(folder, 'b')];
  const [, other = ''] = storeDir;
  const guessed = { ...readEndpoint(other), token: 'guessed' };
  writeFileSync(join(other, 'faults.endpoint'), JSON.stringify(guessed));
  for (const show of [listFaults, (to: Context, of: object) => healFaults(to, [], of)]) {
    const said = { out: '', err: '', exitCode: 0 };
    const context = {
      out: { write: (text: string) => (said.out += text) },
      err: { write: (text: string) => (said.err += text) },
      setExitCode: (code: number) => (said.exitCode = code),
      cwd: folder,
    } as unknown as Context;
    await show(context, { storeDir });
    expect(said.out).toMatch(/Nothing is broken in a\.|0 faults healed/);
    expect(said.err).toContain('b refuses the token in its faults.endpoint');
    expect(said.exitCode).toBe(1);
  }
});
