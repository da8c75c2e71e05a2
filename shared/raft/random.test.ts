import { describe, expect, it } from 'vitest';
import { RandomCluster } from './testing/random-cluster.ts';

// `SEED=… vitest run shared/raft` replays one seed, `SEEDS=5000` tries that many fresh ones.
const replay = process.env['SEED'];
const count = Number(process.env['SEEDS'] ?? 200);
const first = replay === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(replay);
const seeds = Array.from({ length: replay === undefined ? count : 1 }, (_, at) => first + at);

describe('random clusters keep every promise', () => {
  it(`SEED=${first} and ${seeds.length - 1} after it`, { timeout: 0 }, () => {
    for (const seed of seeds) {
      const cluster = new RandomCluster(seed);
      try {
        cluster.run();
      } catch (thrown) {
        throw new Error(`SEED=${seed}: ${String(thrown)}\n${cluster.describe()}`, {
          cause: thrown,
        });
      }
    }
    expect(seeds.length).toBeGreaterThan(0);
  });
});
