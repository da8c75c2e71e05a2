import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawLayers, simulateLayers } from '../../services/simulator/index.ts';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'services/simulator/main.ts');

const replay = (seed: number): string => `quorate simulate --layers cluster --seed ${seed}`;
const run = (seed: number) => simulateLayers(drawLayers('cluster', seed));

/** Whole clusters take long: `make sim` runs fresh ones by the hour. */
test('a few whole clusters keep their promises and converge', async () => {
  for (const seed of [2, 7]) {
    expect((await run(seed)).finding, replay(seed)).toBeUndefined();
  }
});

test('a whole cluster replays exactly, also in another process', async () => {
  const { hash } = await run(7);
  const args = ['--conditions=quorate-source', main, '--layers', 'cluster', '--seed', '7', '-v'];
  const other = execFileSync(process.execPath, args, { cwd: root, maxBuffer: 1 << 28 });
  expect(other.toString()).toContain(`hash ${hash},`);
});
