import { QuorateError } from '#shared/base';
import type { Environment, LogFormat, LogLevel } from '#shared/runtime';
import { parseTokenOptions } from './auth/token-options.ts';
import { FlagValues, readFlags } from './flags/parse.ts';
import { durationMs } from './flags/values.ts';
import { protocolOf, type TlsOptions } from './tls/options.ts';
import type { AutoCompactionSettings, InitialCluster, StoreOptions } from './options.ts';

/** What the command line says of a member; the rest is given by run.ts. */
export type Flags = Omit<StoreOptions, 'clock' | 'log' | 'rng' | 'onFatal'>;

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** `stderr`, `stdout` or paths of files. */
  readonly outputs: readonly string[];
}

export interface Configuration {
  readonly flags: Flags;
  readonly logging: LogSettings;
  /** SRV records are to say who the members are. */
  readonly discoverySrv: { readonly domain: string; readonly suffix: string } | undefined;
  /** Every flag that does something, as it is set. */
  readonly inForce: Readonly<Record<string, string | number | boolean>>;
  readonly warnings: readonly string[];
}

const maxElectionMs = 50_000;

/** etcd's flags, environment variables and configuration file as options of the store. */
export async function configure(args: readonly string[], env: Environment): Promise<Configuration> {
  const values = await readFlags(args, env);
  const domain = values.text('discovery-srv');
  if (domain !== '' && values.isSet('initial-cluster')) {
    throw new QuorateError(
      'bad-request',
      'error verifying flags, multiple discovery or bootstrap flags are set. Choose one of "initial-cluster" or "discovery-srv"',
    );
  }
  return {
    flags: {
      ...addresses(values),
      ...cluster(values),
      ...limits(values),
      ...http(values),
      ...checks(values),
      ...leases(values),
      ...auth(values),
      clientTls: clientTls(values),
      peerTls: peerTls(values),
    },
    logging: logging(values),
    discoverySrv: domain === '' ? undefined : { domain, suffix: values.text('discovery-srv-name') },
    inForce: values.inForce,
    warnings: values.warnings,
  };
}

function addresses(values: FlagValues) {
  const name = values.text('name');
  const listenClientUrls = values.list('listen-client-urls');
  const listenPeerUrls = values.list('listen-peer-urls');
  const given = (flag: 'advertise-client-urls' | 'initial-advertise-peer-urls') =>
    values.isSet(flag) ? values.list(flag) : undefined;
  const advertiseClientUrls = given('advertise-client-urls');
  if (advertiseClientUrls === undefined && listenClientUrls.some(isWildcard)) {
    throw new QuorateError(
      'bad-request',
      'error verifying flags, --advertise-client-urls is required when --listen-client-urls listens on every address: ' +
        'clients must be told one that they can reach',
    );
  }
  return {
    name,
    dataDir: values.text('data-dir') || `${name}.etcd`,
    listenClientUrls,
    listenClientHttpUrls: values.list('listen-client-http-urls'),
    listenPeerUrls,
    listenMetricsUrls: values.list('listen-metrics-urls'),
    advertiseClientUrls,
    initialAdvertisePeerUrls: given('initial-advertise-peer-urls'),
  };
}

function isWildcard(url: string): boolean {
  return /:\/\/(0\.0\.0\.0|\[::\])(:|$)/.test(url);
}

function cluster(values: FlagValues) {
  const name = values.text('name');
  const own = values.isSet('initial-advertise-peer-urls')
    ? values.list('initial-advertise-peer-urls')
    : values.list('listen-peer-urls');
  const electionMs = values.integer('election-timeout');
  if (electionMs > maxElectionMs) {
    throw new QuorateError(
      'bad-request',
      `error verifying flags, --election-timeout[${electionMs}ms] is too long, and should be set less than ${maxElectionMs}ms`,
    );
  }
  return {
    initialCluster: values.isSet('initial-cluster')
      ? parseCluster(values.text('initial-cluster'))
      : { [name]: own },
    initialClusterState: values.text('initial-cluster-state') as 'new' | 'existing',
    initialClusterToken: values.text('initial-cluster-token'),
    forceNewCluster: values.boolean('force-new-cluster'),
    heartbeatMs: values.integer('heartbeat-interval'),
    electionMs,
    snapshotCount: values.integer('snapshot-count'),
    snapshotCatchUpEntries: values.integer('snapshot-catchup-entries'),
    strictReconfigCheck: values.boolean('strict-reconfig-check'),
    maxLearners: values.integer('max-learners'),
  };
}

function limits(values: FlagValues) {
  return {
    maxRequestBytes: values.integer('max-request-bytes'),
    maxTxnOps: values.integer('max-txn-ops'),
    maxConcurrentStreams: values.integer('max-concurrent-streams'),
    keepaliveMs: values.ms('grpc-keepalive-interval'),
    keepaliveTimeoutMs: values.ms('grpc-keepalive-timeout'),
    quotaBackendBytes: values.integer('quota-backend-bytes'),
    quotaAutoDisarm: values.boolean('quota-auto-disarm'),
    autoCompaction: autoCompaction(values),
    compactionBatchLimit: values.integer('compaction-batch-limit'),
    watchProgressNotifyMs: values.ms('watch-progress-notify-interval'),
    warningApplyMs: values.ms('warning-apply-duration'),
    warningCallMs: values.ms('warning-unary-request-duration'),
    bootstrapDefragBytes: values.integer('bootstrap-defrag-threshold-megabytes') * 2 ** 20,
  };
}

function auth(values: FlagValues) {
  return {
    authToken: parseTokenOptions(values.text('auth-token'), values.integer('auth-token-ttl')),
    bcryptCost: bcryptCost(values.integer('bcrypt-cost')),
  };
}

function clientTls(values: FlagValues): TlsOptions {
  return {
    certFile: values.text('cert-file'),
    keyFile: values.text('key-file'),
    clientCertFile: values.text('client-cert-file'),
    clientKeyFile: values.text('client-key-file'),
    trustedCaFile: values.text('trusted-ca-file'),
    clientCertAuth: values.boolean('client-cert-auth'),
    crlFile: values.text('client-crl-file'),
    allowedCommonNames: [],
    allowedHostnames: values.list('client-cert-allowed-hostname'),
    // Where clients come from is not asked, as in etcd.
    skipClientSanVerification: true,
    auto: values.boolean('auto-tls'),
    ...tlsProtocol(values),
  };
}

function peerTls(values: FlagValues): TlsOptions {
  const allowedCommonNames = values.list('peer-cert-allowed-cn');
  const allowedHostnames = values.list('peer-cert-allowed-hostname');
  if (allowedCommonNames.length > 0 && allowedHostnames.length > 0) {
    throw new QuorateError(
      'bad-request',
      'error verifying flags, --peer-cert-allowed-cn and --peer-cert-allowed-hostname are mutually exclusive',
    );
  }
  return {
    certFile: values.text('peer-cert-file'),
    keyFile: values.text('peer-key-file'),
    clientCertFile: values.text('peer-client-cert-file'),
    clientKeyFile: values.text('peer-client-key-file'),
    trustedCaFile: values.text('peer-trusted-ca-file'),
    clientCertAuth: values.boolean('peer-client-cert-auth'),
    crlFile: values.text('peer-crl-file'),
    allowedCommonNames,
    allowedHostnames,
    skipClientSanVerification: values.boolean('peer-skip-client-san-verification'),
    auto: values.boolean('peer-auto-tls'),
    ...tlsProtocol(values),
  };
}

function tlsProtocol(values: FlagValues) {
  return {
    selfSignedYears: values.integer('self-signed-cert-validity'),
    ...protocolOf(
      values.text('tls-min-version'),
      values.text('tls-max-version'),
      values.list('cipher-suites'),
    ),
  };
}

/** One that bcrypt cannot have is its usual one, as in etcd. */
function bcryptCost(cost: number): number {
  return cost >= 4 && cost <= 31 ? cost : 10;
}

function http(values: FlagValues) {
  return {
    corsOrigins: values.list('cors'),
    hostWhitelist: values.list('host-whitelist'),
    enableGrpcGateway: values.boolean('enable-grpc-gateway'),
    extensiveMetrics: values.text('metrics') === 'extensive',
  };
}

function checks(values: FlagValues) {
  const compactHash = enabled(values, 'compact-hash-check-enabled', 'CompactHashCheck');
  return {
    initialCorruptCheck: enabled(values, 'initial-corrupt-check', 'InitialCorruptCheck'),
    corruptCheckMs: values.ms('corrupt-check-time'),
    compactHashCheckMs: compactHash ? values.ms('compact-hash-check-time') : 0,
  };
}

/** etcd's. */
const leaseCheckpointMs = 5 * 60_000;

/** A checkpoint is always kept on disk here: asking for that alone is what etcd refuses, too. */
function leases(values: FlagValues) {
  const checkpoints = enabled(values, 'experimental-enable-lease-checkpoint', 'LeaseCheckpoint');
  const persist = 'experimental-enable-lease-checkpoint-persist';
  if (enabled(values, persist, 'LeaseCheckpointPersist') && !checkpoints) {
    throw new QuorateError(
      'bad-request',
      `error verifying flags, setting ${persist} requires experimental-enable-lease-checkpoint`,
    );
  }
  return checkpoints ? { leaseCheckpointMs } : {};
}

/** Whether something experimental is on, by etcd 3.6's gate or else by its flag. */
function enabled(
  values: FlagValues,
  flag:
    | 'initial-corrupt-check'
    | 'compact-hash-check-enabled'
    | 'experimental-enable-lease-checkpoint'
    | 'experimental-enable-lease-checkpoint-persist',
  gate: string,
): boolean {
  const said = values.list('feature-gates').findLast((each) => each.startsWith(`${gate}=`));
  return said === undefined ? values.boolean(flag) : said.endsWith('=true');
}

/** Whole numbers are hours or revisions, depending on the mode. */
function autoCompaction(values: FlagValues): AutoCompactionSettings | undefined {
  const mode = values.text('auto-compaction-mode');
  const retention = values.text('auto-compaction-retention');
  if (mode !== 'periodic' && mode !== 'revision') {
    throw new QuorateError(
      'bad-request',
      `error verifying flags, unknown auto-compaction-mode "${mode}"`,
    );
  }
  const bad = (): QuorateError =>
    new QuorateError('bad-request', `error parsing --auto-compaction-retention "${retention}"`);
  const number = /^\d+$/.test(retention) ? Number(retention) : undefined;
  if (mode === 'revision') {
    if (number === undefined) throw bad();
    return number === 0 ? undefined : { mode, revisions: number };
  }
  const periodMs = number === undefined ? durationMs(retention) : number * 3_600_000;
  if (periodMs === undefined || periodMs < 0) throw bad();
  return periodMs === 0 ? undefined : { mode, periodMs };
}

const levels: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  panic: 'error',
  fatal: 'error',
};

function logging(values: FlagValues): LogSettings {
  const level = values.boolean('debug') ? 'debug' : values.text('log-level');
  return {
    level: levels[level] ?? 'info',
    format: values.text('log-format') === 'console' ? 'text' : 'json',
    outputs: values.list('log-outputs').map((each) => (each === 'default' ? 'stderr' : each)),
  };
}

/** A name that stands there several times has several peer URLs, as in etcd. */
function parseCluster(text: string): InitialCluster {
  const members: Record<string, string[]> = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    const url = part.slice(at + 1).trim();
    if (at <= 0 || url === '' || Object.values(members).some((urls) => urls.includes(url))) {
      throw new QuorateError(
        'bad-request',
        `invalid value "${text}" for --initial-cluster: must be name=http://host:port,… with each URL once`,
      );
    }
    members[name] = [...(members[name] ?? []), url];
  }
  return members;
}
