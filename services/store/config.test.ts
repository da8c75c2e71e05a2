import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configure } from './config.ts';
import { wordsAmong } from './flags/parse.ts';
import { flagNames, specOf, flagNamed } from './flags/table.ts';
import { complaint, durationMs } from './flags/values.ts';

const flagsOf = async (args: readonly string[], env = {}) => (await configure(args, env)).flags;

const fileOf = (text: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'quorate-config-')), 'etcd.yaml');
  writeFileSync(file, text);
  return file;
};

test('without flags it is a cluster of one on the ports of etcd', async () => {
  expect(await flagsOf([])).toMatchObject({
    name: 'default',
    dataDir: 'default.etcd',
    listenClientUrls: ['http://localhost:2379'],
    initialCluster: { default: ['http://localhost:2380'] },
    heartbeatMs: 100,
    electionMs: 1000,
    autoCompaction: undefined,
  });
});

test('flags are written as Go has them: one dash or two, with a space or an equals sign', async () => {
  const flags = await flagsOf([
    '-name',
    'a',
    '--data-dir=/x',
    '--force-new-cluster',
    '-pre-vote=true',
  ]);
  expect(flags).toMatchObject({ name: 'a', dataDir: '/x', forceNewCluster: true });
});

test('the environment says what flags leave open; both for one thing is an error, as in etcd', async () => {
  const env = { ETCD_NAME: 'env', ETCD_SNAPSHOT_COUNT: '7', ETCD_UNHEARD: 'x' };
  const { flags, warnings } = await configure(['--data-dir', '/d'], env);
  expect([flags.name, flags.dataDir, flags.snapshotCount]).toEqual(['env', '/d', 7]);
  expect(warnings).toEqual(['unrecognized environment variable ETCD_UNHEARD']);
  await expect(configure(['--name', 'flag'], env)).rejects.toThrow(
    'conflicting environment variable "ETCD_NAME" is shadowed by corresponding command-line flag',
  );
});

test.each([
  'name: file\nheartbeat-interval: 200\nauto-compaction-retention: 5m\nexperimental-corrupt-check-time: 0\nunheard: 1\ngrpc-keepalive-timeout: 3000000000\n',
  '{"name":"file","heartbeat-interval":200,"auto-compaction-retention":"5m","unheard":1,"grpc-keepalive-timeout":3000000000}',
])('a configuration file counts alone: %s', async (text) => {
  const file = fileOf(text);
  const { flags, warnings } = await configure(['--config-file', file, '--name=flag'], {
    ETCD_NAME: 'env',
  });
  expect(flags).toMatchObject({
    name: 'file',
    heartbeatMs: 200,
    keepaliveTimeoutMs: 3000,
    autoCompaction: { mode: 'periodic', periodMs: 300_000 },
  });
  expect(warnings).toEqual([
    `flags and environment are ignored: ${file} is given`,
    `${file}: unknown key unheard is ignored`,
  ]);
});

test('etcd’s own example of a configuration file does', async () => {
  const file = fileOf(`name: 'default'
data-dir:
wal-dir:
quota-backend-bytes: 0
listen-peer-urls: http://localhost:2380
cors:
discovery:
discovery-fallback: 'proxy'
initial-cluster:
strict-reconfig-check: false
enable-v2: true
enable-pprof: true
proxy: 'off'
proxy-failure-wait: 5000
client-transport-security:
  cert-file:
  client-cert-auth: false
  auto-tls: false
peer-transport-security:
  allowed-cn:
  allowed-hostname:
log-level: debug
logger: zap
log-outputs: [stderr]
auto-compaction-retention: "1"
cipher-suites: [
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
]
tls-min-version: 'TLS1.2'
`);
  const { flags, warnings } = await configure(['--config-file', file], {});
  expect(flags).toMatchObject({ name: 'default', strictReconfigCheck: false });
  expect(warnings.map((line) => line.split(':')[0])).toEqual([
    `--discovery-fallback=proxy has no effect`,
    '--enable-v2=true has no effect',
    '--enable-pprof=true has no effect',
  ]);
});

test('a word is found before flags and behind them, and no value is taken for one', () => {
  const flags = ['--data-dir', 'd', '--name=n', '--force-new-cluster'];
  for (const args of [
    ['file', ...flags],
    [...flags, 'file'],
    [...flags.slice(0, 2), 'file', ...flags.slice(2)],
  ]) {
    expect(wordsAmong(args)).toEqual({ words: ['file'], flags });
  }
});

test('what is in force can be told, each in its own type', async () => {
  const { inForce } = await configure(['--snapshot-catchup-entries=1000', '--max-wals=7'], {});
  expect(inForce).toMatchObject({
    name: 'default',
    'snapshot-catchup-entries': 1000,
    'strict-reconfig-check': true,
    'corrupt-check-time': '0s',
  });
  expect(inForce).not.toHaveProperty('max-wals');
});

test.each([
  [
    ['--experimental-warning-apply-duration=1s', '--warning-apply-duration=2s'],
    'both --experimental-warning-apply-duration and --warning-apply-duration flags are set',
  ],
  [['--initial-cluster', 'a=http://h:1,b=http://h:1'], /each URL once/],
  [['--initial-cluster', 'http://h:1'], /must be name=http/],
  [['--heartbeat-interval', 'fast'], 'invalid value "fast" for flag -heartbeat-interval: parse'],
  [['--initial-cluster-state', 'old'], 'invalid value "old" for flag -initial-cluster-state'],
  [['--no-such-flag'], 'flag provided but not defined: -no-such-flag'],
  [['--name'], 'flag needs an argument: -name'],
  [['--debug=maybe'], 'invalid boolean value "maybe" for -debug: parse error'],
  [['word'], "'word' is not a valid flag"],
  [['--listen-client-urls=foo'], 'URL scheme must be http, https, unix, or unixs: foo'],
  [['--listen-client-urls=http://0.0.0.0:2379'], '--advertise-client-urls is required'],
  [['--proxy=on'], '--proxy cannot be set to "on": there is no v2 proxy'],
  [['--discovery=https://x/y'], 'name the members with --initial-cluster'],
  [['--election-timeout=60000'], 'is too long, and should be set less than 50000ms'],
  [['--auto-compaction-mode=bad'], 'unknown auto-compaction-mode "bad"'],
  [['--auto-compaction-mode=revision', '--auto-compaction-retention=5m'], 'error parsing'],
  [['--config-file=/nope'], 'error verifying flags, /nope: ENOENT'],
])('%j is refused, naming the flag', async (args, message) => {
  await expect(configure(args, {})).rejects.toThrow(message);
});

test('retention counts hours, a duration, or revisions', async () => {
  const retained = async (...args: string[]) => (await flagsOf(args)).autoCompaction;
  expect(await retained('--auto-compaction-retention=2')).toEqual({
    mode: 'periodic',
    periodMs: 7.2e6,
  });
  expect(
    await retained('--auto-compaction-mode=revision', '--auto-compaction-retention=10'),
  ).toEqual({
    mode: 'revision',
    revisions: 10,
  });
});

test('the former names of flags work, and a flag without effect says so', async () => {
  const { flags, warnings } = await configure(
    ['--experimental-watch-progress-notify-interval=5s', '--max-wals=7', '--pre-vote=false'],
    {},
  );
  expect(flags.watchProgressNotifyMs).toBe(5000);
  expect(warnings).toEqual([
    '--max-wals=7 has no effect: the log forgets what it does not need any more',
    '--pre-vote=false has no effect: elections always have a pre-vote phase',
  ]);
});

test.each([
  ['0', 0],
  ['100ms', 100],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['-2s', -2000],
  ['5', undefined],
  ['5 s', undefined],
  ['s', undefined],
])('the duration %j', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test('every default passes its own check', () => {
  for (const name of flagNames) {
    const spec = specOf(flagNamed(name) ?? 'name');
    expect(complaint(name, spec, spec.default)).toBeUndefined();
  }
});
