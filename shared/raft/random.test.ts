import { expect, inject, it } from 'vitest';
import { RandomCluster } from './testing/random-cluster.ts';

// `SEEDS=5000 vitest run shared/raft` tries that many.
const count = Number(process.env['SEEDS'] ?? 200);
const first = inject('seed');

it(`random clusters keep every promise (SEED=${first} and ${count - 1} after it)`, {
  timeout: 0,
}, () => {
  expect(count).toBeGreaterThan(0);
  for (let seed = first; seed < first + count; seed++) {
    const cluster = new RandomCluster(seed);
    try {
      cluster.run();
    } catch (thrown) {
      const story = cluster.describe();
      throw new Error(`SEED=${seed}: ${String(thrown)}\n${story}`, { cause: thrown });
    }
  }
});
