import { parseArgs } from 'node:util';
import { QuorateError } from '#shared/base';
import {
  choiceSetting,
  type Environment,
  integerSetting,
  type LogLevel,
  logLevels,
} from '#shared/runtime';
import type { StoreOptions } from './options.ts';

/** What the command line says of a member; the rest is given by main.ts. */
export type Flags = Omit<StoreOptions, 'clock' | 'log' | 'rng' | 'onFatal'>;

const defaults = {
  name: 'default',
  'data-dir': '',
  'listen-client-urls': 'http://localhost:2379',
  'listen-peer-urls': 'http://localhost:2380',
  'advertise-client-urls': '',
  'initial-advertise-peer-urls': '',
  'initial-cluster': '',
  'initial-cluster-state': 'new',
  'initial-cluster-token': 'etcd-cluster',
  'heartbeat-interval': '100',
  'election-timeout': '1000',
  'snapshot-count': '10000',
  'snapshot-catchup-entries': '5000',
  'max-request-bytes': '1572864',
  'max-txn-ops': '128',
  'quota-backend-bytes': '0',
  'quota-auto-disarm': 'true',
  'strict-reconfig-check': 'true',
  'log-level': 'info',
} as const;

const clusterStates: readonly ('new' | 'existing')[] = ['new', 'existing'];

const booleans: readonly ('true' | 'false')[] = ['true', 'false'];

type FlagName = keyof typeof defaults;

/** etcd's own flags, as far as they mean something here; each is also read from `ETCD_…`. */
export function parseFlags(
  args: readonly string[],
  env: Environment,
): { flags: Flags; logLevel: LogLevel } {
  const given = parse(args);
  const text = (name: FlagName): string =>
    given[name] ?? (env[`ETCD_${name.replaceAll('-', '_').toUpperCase()}`] || defaults[name]);
  const list = (name: FlagName): string[] =>
    text(name)
      .split(',')
      .filter((url) => url !== '');
  const integer = (name: FlagName, min: number, max = 2 ** 31 - 1): number =>
    integerSetting(`--${name}`, text(name), min, max);
  const boolean = (name: FlagName): boolean =>
    choiceSetting(`--${name}`, text(name), booleans) === 'true';
  const name = text('name');
  const listenClientUrls = list('listen-client-urls');
  const listenPeerUrls = list('listen-peer-urls');
  const advertiseClientUrls = list('advertise-client-urls');
  const initialAdvertisePeerUrls = list('initial-advertise-peer-urls');
  const ownPeerUrl = initialAdvertisePeerUrls[0] ?? listenPeerUrls[0] ?? '';
  const flags: Flags = {
    name,
    dataDir: text('data-dir') || `${name}.etcd`,
    listenClientUrls,
    listenPeerUrls,
    advertiseClientUrls: advertiseClientUrls.length > 0 ? advertiseClientUrls : undefined,
    initialAdvertisePeerUrls:
      initialAdvertisePeerUrls.length > 0 ? initialAdvertisePeerUrls : undefined,
    initialCluster: parseCluster(text('initial-cluster') || `${name}=${ownPeerUrl}`),
    initialClusterState: choiceSetting(
      '--initial-cluster-state',
      text('initial-cluster-state'),
      clusterStates,
    ),
    initialClusterToken: text('initial-cluster-token'),
    heartbeatMs: integer('heartbeat-interval', 1),
    electionMs: integer('election-timeout', 5),
    snapshotCount: integer('snapshot-count', 1),
    snapshotCatchUpEntries: integer('snapshot-catchup-entries', 0),
    maxRequestBytes: integer('max-request-bytes', 1),
    maxTxnOps: integer('max-txn-ops', 1),
    quotaBackendBytes: integer('quota-backend-bytes', -1, Number.MAX_SAFE_INTEGER),
    quotaAutoDisarm: boolean('quota-auto-disarm'),
    strictReconfigCheck: boolean('strict-reconfig-check'),
  };
  return { flags, logLevel: choiceSetting('--log-level', text('log-level'), logLevels) };
}

function parse(args: readonly string[]): Partial<Record<string, string>> {
  try {
    const options = Object.fromEntries(
      Object.keys(defaults).map((name) => [name, { type: 'string' as const }]),
    );
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (thrown) {
    throw new QuorateError('bad-request', thrown instanceof Error ? thrown.message : 'bad flags');
  }
}

function parseCluster(text: string): Record<string, string> {
  const cluster: Record<string, string> = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at);
    if (at <= 0 || at === part.length - 1 || name in cluster) {
      throw new QuorateError(
        'bad-request',
        `invalid value "${text}" for --initial-cluster: must be name=http://host:port,… with each name once`,
      );
    }
    cluster[name] = part.slice(at + 1);
  }
  return cluster;
}
