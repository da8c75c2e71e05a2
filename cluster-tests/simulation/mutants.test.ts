import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants, readCorpus } from '../../services/simulator/index.ts';
import { hasPlan, huntKept, huntSeeds } from './mutants.ts';

const corpus = join(import.meta.dirname, 'corpus');

/** A few of the museum that die quickly on plans that nobody kept; `make mutants` hunts all of them. */
test.each([
  ['vote-not-persisted', 'safety', 'votes kept'],
  ['snapshot-misses-sequences', 'safety', 'state-machine equality'],
  ['backend-fsync-skipped', 'crash', 'exceptions'],
  ['lease-never-expires-after-failover', 'liveness', 'lease liveness'],
  ['stateful-pods-all-at-once', 'safety', 'pods in order'],
])('%s is caught, and the exit code says as what', async (mutant, kind, checker) => {
  const caught = await huntSeeds(mutant, { firstSeed: 1, seeds: 12 });
  expect([caught.kind, caught.checker], caught.output).toEqual([kind, checker]);
});

test('the shortest plans that kill a mutant still do, and exit as they should', async () => {
  const kept = (await readCorpus(corpus)).filter(({ mutant }) => mutant !== undefined);
  const next = kept.values();
  // Each has a process of its own: two at a time.
  const work = async (): Promise<void> => {
    for (const { mutant = '', finding } of next) {
      const { kind, checker, output } = await huntKept(mutant);
      expect({ mutant, kind, checker }, output).toEqual({
        mutant,
        kind: finding.kind,
        checker: finding.checker,
      });
    }
  };
  await Promise.all([work(), work()]);
});

test('a plan is kept for each mutant, under its name', async () => {
  const names = new Set(mutants.map(({ name }) => name));
  for (const { name, mutant } of await readCorpus(corpus)) {
    if (mutant === undefined) continue;
    expect(names.has(mutant), name).toBe(true);
    expect(hasPlan(mutant), name).toBe(true);
  }
});
