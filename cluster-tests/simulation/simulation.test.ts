import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  drawPlan,
  readCorpus,
  shrink,
  simulate,
  simulateLayers,
  sizeOf,
} from '../../services/simulator/index.ts';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'services/simulator/main.ts');
const corpus = join(import.meta.dirname, 'corpus');

const replay = (seed: number): string => `quorate simulate --seed ${seed}`;

// Each with a time limit of its own, which is one of hangs and not of busy machines.
test.each(await readCorpus(corpus))('$name does not fail any more', async ({ plan }) => {
  expect((await simulateLayers(plan)).finding).toBeUndefined();
});

/** Hours of calm take long: `make sim` has them. */
async function findingOf(seed: number) {
  const plan = drawPlan(seed);
  return plan.pace === 'calm' ? undefined : (await simulate(plan)).finding;
}

/** Always the same: what a fresh one finds is not the fault of the change under test. `make sim` runs those. */
test.each(Array.from({ length: 18 }, (_, i) => i + 1))(
  'seed %i keeps all promises',
  async (seed) => {
    expect(await findingOf(seed), replay(seed)).toBeUndefined();
  },
);

test('a seed replays exactly, also in another process', async () => {
  const runs = [await simulate(drawPlan(7)), await simulate(drawPlan(7))];
  expect(runs[1]).toEqual(runs[0]);
  const other = execFileSync(
    process.execPath,
    ['--conditions=quorate-source', main, '--layers', 'store', '--seed', '7', '--verbose'],
    { cwd: root, maxBuffer: 1 << 28 },
  );
  expect(other.toString()).toContain(`hash ${runs[0]?.hash},`);
  expect((await simulate(drawPlan(8))).hash).not.toBe(runs[0]?.hash);
});

test('shrinking leaves out what does not matter', async () => {
  const plan = drawPlan(3);
  const found = await simulate(plan);
  const last = plan.faults.at(-1);
  // Stands for a bug that needs one fault and one request.
  const finding = { kind: 'safety', checker: 'test', text: '', atMs: plan.safetyMs } as const;
  const shorter = await shrink(
    plan,
    { ...found, finding },
    {
      simulate: ({ faults, clients }) => {
        const shows = faults.includes(last as never) && clients.some((steps) => steps.length > 0);
        return Promise.resolve({ ...found, finding: shows ? finding : undefined });
      },
      enough: () => false,
    },
  );
  expect(shorter.faults).toEqual([last]);
  expect(sizeOf(shorter)).toBe(2);
});
