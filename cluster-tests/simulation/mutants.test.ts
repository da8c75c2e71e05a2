import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCorpus } from '../../services/simulator/index.ts';
import { hunt } from './mutants.ts';

const main = join(import.meta.dirname, '../../services/simulator/main.ts');
const corpus = join(import.meta.dirname, 'corpus');
const exitCodes = { crash: 3, safety: 4, liveness: 5 };

/** A few of the museum that die quickly; `make mutants` hunts all of them. */
test.each([
  ['vote-not-persisted', 'safety', 'votes kept'],
  ['acknowledged-before-durable', 'safety', 'durable acknowledgement'],
  ['snapshot-misses-sequences', 'safety', 'state-machine equality'],
  ['revision-reused-after-restart', 'safety', 'state-machine equality'],
  ['watch-loses-event-on-resume', 'safety', 'watch'],
  ['backend-fsync-skipped', 'crash', 'exceptions'],
  ['lease-never-expires-after-failover', 'liveness', 'lease liveness'],
  ['rollout-surges-by-one-more', 'safety', 'rolling updates'],
  ['stateful-pods-all-at-once', 'safety', 'pods in order'],
])('%s is caught, and the exit code says as what', async (mutant, kind, checker) => {
  const caught = await hunt(mutant, 1, 12);
  expect([caught.kind, caught.checker], caught.output).toEqual([kind, checker]);
});

test('the shortest plans that kill a mutant still do, and exit as they should', async () => {
  for (const { name, mutant, finding } of await readCorpus(corpus)) {
    if (mutant === undefined) continue;
    const [code, output] = await run('--plan', name, '--mutant', mutant);
    expect(code, output).toBe(exitCodes[finding.kind]);
    expect(output).toContain(`${finding.kind}: ${finding.checker}`);
  }
});

function run(...args: string[]): Promise<[number, string]> {
  const all = ['--conditions=quorate-source', main, ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, all, (_, stdout, stderr) =>
      resolve([child.exitCode ?? -1, stdout + stderr]),
    );
  });
}
