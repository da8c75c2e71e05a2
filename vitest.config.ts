import { defineConfig } from 'vitest/config';

// Unit and scenario tests stand beside the code; cluster-tests start real processes and run on
// the compiled output, one file at a time, because each of them wants the machine to itself. All
// timeouts guard against hangs, on machines however busy: what waits inside says sooner for what.
// What is random draws from one seed, always the same: a run judges the change and not the draw.
const seed = Number(process.env['SEED'] ?? 1);
if (!Number.isSafeInteger(seed)) throw new Error('SEED is not a whole number');

const conditions = ['quorate-source'];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

export default defineConfig({
  test: {
    provide: { seed },
    // Its own second is less than a busy machine may stand still.
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          setupFiles: ['vitest.setup.ts'],
          // Nothing below keeps state in a module, so files can share a worker.
          isolate: false,
          include: ['{shared,services,cluster-tests/tidy}/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'cluster',
          include: ['cluster-tests/**/*.test.ts'],
          exclude: [
            'cluster-tests/tidy/**',
            'cluster-tests/conformance/**',
            'cluster-tests/faults/full/**',
          ],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          // kubectl and client-node on one cluster, which all files share.
          name: 'kubernetes',
          include: ['cluster-tests/conformance/kubernetes/**/*.test.ts'],
          globalSetup: ['cluster-tests/conformance/kubernetes/setup.ts'],
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          // With what it needs from outside: etcdctl, and a real etcd to be proved right on.
          name: 'conformance',
          include: ['cluster-tests/conformance/etcd/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          // Everything that is broken on purpose: about 5 minutes.
          name: 'faults',
          include: ['cluster-tests/faults/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
