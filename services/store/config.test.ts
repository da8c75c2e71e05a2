import { expect, test } from 'vitest';
import { parseFlags } from './config.ts';

test('without flags it is a cluster of one on the ports of etcd', () => {
  const { flags } = parseFlags([], {});
  expect(flags).toMatchObject({
    name: 'default',
    dataDir: 'default.etcd',
    listenClientUrls: ['http://localhost:2379'],
    initialCluster: { default: 'http://localhost:2380' },
    heartbeatMs: 100,
    electionMs: 1000,
  });
});

test('flags beat the environment', () => {
  const env = { ETCD_NAME: 'env', ETCD_DATA_DIR: '/env', ETCD_SNAPSHOT_COUNT: '7' };
  const { flags } = parseFlags(['--name', 'flag'], env);
  expect([flags.name, flags.dataDir, flags.snapshotCount]).toEqual(['flag', '/env', 7]);
});

test.each([
  [['--initial-cluster', 'a=http://h:1,a=http://h:2'], /each name once/],
  [['--initial-cluster', 'http://h:1'], /must be name=http/],
  [['--heartbeat-interval', 'fast'], /--heartbeat-interval: must be a whole number/],
  [['--initial-cluster-state', 'old'], /must be one of new, existing/],
  [['--no-such-flag'], /no-such-flag/],
])('%j is refused, naming the flag', (args, message) => {
  expect(() => parseFlags(args, {})).toThrow(message);
});
