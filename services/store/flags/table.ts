import { flag, type FlagSpec, type FlagSpecs, idle, refused } from './spec.ts';
import { security } from './security.ts';

/*
 * Every flag of etcd 3.4 to 3.6, under its newest name. What is not here is no flag of etcd, and is
 * refused as etcd refuses it.
 */

const ownDisk = 'the log and the backend on disk are of our own making';
const v2Only = 'the v2 API is gone, as in etcd 3.6';
const noProxy = 'there is no v2 proxy, as in etcd 3.6';
const noDiscovery =
  'name the members with --initial-cluster, or by DNS with --discovery-srv; discovery services are not asked';
const noTracing = 'no traces are exported';

const member = {
  name: flag('string', 'default', 'Human-readable name for this member.'),
  'data-dir': flag('string', '', "Path to the data directory; by default '${name}.etcd'."),
  'wal-dir': refused('string', '', 'the log is kept in the data directory'),
  'snapshot-count': flag('uint', '10000', 'Number of applied entries between log compactions.'),
  'snapshot-catchup-entries': flag(
    'uint',
    '5000',
    'Number of entries kept for slow members when the log is compacted.',
    { aliases: ['experimental-snapshot-catchup-entries'] },
  ),
  'heartbeat-interval': flag('uint', '100', 'Time of a heartbeat interval, in milliseconds.'),
  'election-timeout': flag('uint', '1000', 'Time for an election to time out, in milliseconds.'),
  'initial-election-tick-advance': idle(
    'boolean',
    'true',
    'members that start together elect as soon as a quorum is connected',
  ),
  'listen-peer-urls': flag('urls', 'http://localhost:2380', 'URLs to listen on for peers.'),
  'listen-client-urls': flag('urls', 'http://localhost:2379', 'URLs to listen on for clients.'),
  'listen-client-http-urls': flag(
    'urls',
    '',
    'URLs to listen on for HTTP/1 clients alone; without it they share --listen-client-urls.',
  ),
  'max-snapshots': idle('uint', '5', 'there is one backend and no snapshot files'),
  'max-wals': idle('uint', '5', 'the log forgets what it does not need any more'),
  'quota-backend-bytes': flag(
    'int',
    '0',
    'Raise NOSPACE when live data exceeds this quota; 0: 2 GiB, negative: none.',
  ),
  'quota-auto-disarm': flag(
    'boolean',
    'true',
    'Clear NOSPACE when a tenth of the quota is free again; false: by hand, as in etcd.',
  ),
  'backend-bbolt-freelist-type': idle('string', 'map', ownDisk, {
    aliases: ['experimental-backend-bbolt-freelist-type'],
  }),
  'backend-batch-interval': idle('duration', '0s', ownDisk),
  'backend-batch-limit': idle('uint', '0', ownDisk),
  'max-txn-ops': flag('uint', '128', 'Maximum number of operations in a transaction.'),
  'max-request-bytes': flag('uint', '1572864', 'Maximum size of a client request, in bytes.'),
  'max-concurrent-streams': flag(
    'uint',
    '4294967295',
    'Maximum number of concurrent streams that each client can open.',
  ),
  'grpc-keepalive-min-time': idle('duration', '5s', 'clients may ping as often as they like'),
  'grpc-keepalive-interval': flag('duration', '2h', 'How often a client is pinged; 0: never.'),
  'grpc-keepalive-timeout': flag('duration', '20s', 'How long to wait for the answer to a ping.'),
  'socket-reuse-port': refused(
    'boolean',
    'false',
    'two members on one port would share its clients',
  ),
  'socket-reuse-address': idle('boolean', 'false', 'Node.js always sets SO_REUSEADDR'),
  'raft-read-timeout': idle('duration', '5s', 'peers are pinged every two seconds'),
  'raft-write-timeout': idle('duration', '5s', 'peers are pinged every two seconds'),
} as const satisfies FlagSpecs;

const clustering = {
  'initial-advertise-peer-urls': flag(
    'urls',
    'http://localhost:2380',
    'Peer URLs to advertise to the other members; by default the ones listened on.',
  ),
  'initial-cluster': flag('string', '', 'Every member of the initial cluster: name=url,…'),
  'initial-cluster-state': flag('string', 'new', "'new', or 'existing' to join a cluster.", {
    choices: ['new', 'existing'],
  }),
  'initial-cluster-token': flag(
    'string',
    'etcd-cluster',
    'Keeps clusters with equal members apart.',
  ),
  'advertise-client-urls': flag(
    'urls',
    'http://localhost:2379',
    'Client URLs to advertise; by default the ones listened on.',
  ),
  discovery: refused('string', '', noDiscovery),
  'discovery-endpoints': refused('string', '', noDiscovery),
  'discovery-token': refused('string', '', noDiscovery),
  'discovery-fallback': idle('string', 'exit', noDiscovery, { choices: ['exit', 'proxy'] }),
  'discovery-proxy': refused('string', '', noDiscovery),
  'discovery-dial-timeout': idle('duration', '2s', noDiscovery),
  'discovery-request-timeout': idle('duration', '5s', noDiscovery),
  'discovery-keepalive-time': idle('duration', '2s', noDiscovery),
  'discovery-keepalive-timeout': idle('duration', '6s', noDiscovery),
  'discovery-insecure-transport': idle('boolean', 'true', noDiscovery),
  'discovery-insecure-skip-tls-verify': idle('boolean', 'false', noDiscovery),
  'discovery-cert': refused('string', '', noDiscovery),
  'discovery-key': refused('string', '', noDiscovery),
  'discovery-cacert': refused('string', '', noDiscovery),
  'discovery-user': refused('string', '', noDiscovery),
  'discovery-password': refused('string', '', noDiscovery),
  'discovery-srv': flag('string', '', 'DNS domain whose SRV records name the initial cluster.'),
  'discovery-srv-name': flag('string', '', 'Suffix of the SRV service name that is asked for.'),
  'strict-reconfig-check': flag(
    'boolean',
    'true',
    'Reject changes of the members that risk quorum.',
  ),
  'pre-vote': idle('boolean', 'true', 'elections always have a pre-vote phase'),
  'max-learners': flag('uint', '1', 'Maximum number of learner members.', {
    aliases: ['experimental-max-learners'],
  }),
  'auto-compaction-mode': flag('string', 'periodic', "'periodic' or 'revision'."),
  'auto-compaction-retention': flag(
    'string',
    '0',
    "How much history is kept: '5m' or hours (periodic), or a number of revisions; 0: all of it.",
  ),
  'compaction-batch-limit': flag('uint', '1000', 'Keys that one step of a compaction visits.', {
    aliases: ['experimental-compaction-batch-limit'],
  }),
  'compaction-sleep-interval': idle(
    'duration',
    '10ms',
    'compaction goes on between requests, in short steps',
    { aliases: ['experimental-compaction-sleep-interval'] },
  ),
  'enable-v2': idle('boolean', 'false', v2Only),
  'experimental-enable-v2v3': refused('string', '', v2Only),
  'v2-deprecation': idle('string', 'write-only', v2Only),
} as const satisfies FlagSpecs;

const browsers = {
  cors: flag('string', '*', 'Origins whose pages may ask over HTTP/1, comma-separated; *: all.'),
  'host-whitelist': flag('string', '*', 'Host names that HTTP/1 requests may be for; *: all.'),
} as const satisfies FlagSpecs;

const gateway = {
  'enable-grpc-gateway': flag('boolean', 'true', 'Serve the JSON gateway under /v3/.'),
} as const satisfies FlagSpecs;

const monitoring = {
  'enable-pprof': idle('boolean', 'false', "it is Go's profiler; use node --cpu-prof"),
  metrics: flag('string', 'basic', "'extensive' adds histograms of how long calls take.", {
    choices: ['basic', 'extensive'],
  }),
  'listen-metrics-urls': flag('urls', '', 'Further URLs for the metrics and health endpoints.'),
  'enable-distributed-tracing': refused('boolean', 'false', noTracing, {
    aliases: ['experimental-enable-distributed-tracing'],
  }),
  'distributed-tracing-address': idle('string', 'localhost:4317', noTracing, {
    aliases: ['experimental-distributed-tracing-address'],
  }),
  'distributed-tracing-service-name': idle('string', 'etcd', noTracing, {
    aliases: ['experimental-distributed-tracing-service-name'],
  }),
  'distributed-tracing-instance-id': idle('string', '', noTracing, {
    aliases: ['experimental-distributed-tracing-instance-id'],
  }),
  'distributed-tracing-sampling-rate': idle('uint', '0', noTracing, {
    aliases: ['experimental-distributed-tracing-sampling-rate'],
  }),
} as const satisfies FlagSpecs;

const logging = {
  logger: idle('string', 'zap', 'log lines are always structured', {
    choices: ['zap', 'capnslog'],
  }),
  'log-outputs': flag('string', 'default', "'stderr' (the default), 'stdout' or paths of files."),
  'log-level': flag('string', 'info', "'debug', 'info', 'warn', 'error', 'panic' or 'fatal'.", {
    choices: ['debug', 'info', 'warn', 'error', 'panic', 'fatal'],
  }),
  'log-format': flag('string', 'json', "'json' or 'console'.", { choices: ['json', 'console'] }),
  'enable-log-rotation': refused(
    'boolean',
    'false',
    'rotate with logrotate or the service manager',
  ),
  'log-rotation-config-json': idle('string', '', 'rotate with logrotate or the service manager'),
  'log-package-levels': idle('string', '', 'there is one level for all'),
  debug: flag('boolean', 'false', 'The same as --log-level=debug.'),
} as const satisfies FlagSpecs;

const proxy = {
  proxy: refused('string', 'off', noProxy, { choices: ['off', 'readonly', 'on'] }),
  'proxy-failure-wait': idle('uint', '5000', noProxy),
  'proxy-refresh-interval': idle('uint', '30000', noProxy),
  'proxy-dial-timeout': idle('uint', '1000', noProxy),
  'proxy-write-timeout': idle('uint', '5000', noProxy),
  'proxy-read-timeout': idle('uint', '0', noProxy),
} as const satisfies FlagSpecs;

const features = {
  'feature-gates': flag(
    'string',
    '',
    'InitialCorruptCheck, CompactHashCheck, LeaseCheckpoint=true|false; others change nothing.',
  ),
  'initial-corrupt-check': flag(
    'boolean',
    'false',
    "Compare the data with the other members' before serving.",
    { aliases: ['experimental-initial-corrupt-check'] },
  ),
  'corrupt-check-time': flag(
    'duration',
    '0s',
    "How often the members' data is compared; 0: never.",
    {
      aliases: ['experimental-corrupt-check-time'],
    },
  ),
  'compact-hash-check-enabled': flag(
    'boolean',
    'false',
    'The leader compares digests at compactions.',
    { aliases: ['experimental-compact-hash-check-enabled'] },
  ),
  'compact-hash-check-time': flag('duration', '1m', 'How often it compares them.', {
    aliases: ['experimental-compact-hash-check-time'],
  }),
  'watch-progress-notify-interval': flag(
    'duration',
    '10m',
    'How often an idle watch is told how far it is, where it asked for that.',
    { aliases: ['experimental-watch-progress-notify-interval'] },
  ),
  'warning-apply-duration': flag('duration', '100ms', 'Applying that takes longer is logged.', {
    aliases: ['experimental-warning-apply-duration'],
  }),
  'warning-unary-request-duration': flag(
    'duration',
    '300ms',
    'A call that takes longer is logged.',
    {
      aliases: ['experimental-warning-unary-request-duration'],
    },
  ),
  'experimental-enable-lease-checkpoint': flag(
    'boolean',
    'false',
    'Replicate what is left of long leases, so that a new leader does not give them their whole time again.',
  ),
  'experimental-enable-lease-checkpoint-persist': idle(
    'boolean',
    'false',
    'checkpoints of leases are always kept on disk',
  ),
  'experimental-txn-mode-write-with-shared-buffer': idle('boolean', 'true', ownDisk),
  'experimental-stop-grpc-service-on-defrag': idle(
    'boolean',
    'false',
    'calls are answered during a defragmentation',
  ),
  'experimental-set-member-localaddr': idle('boolean', 'false', 'the system chooses the address'),
  'experimental-wait-cluster-ready-timeout': idle('duration', '5s', 'ports open at once'),
  'bootstrap-defrag-threshold-megabytes': flag(
    'uint',
    '0',
    'Defragment at the start where that frees at least as much; 0: never.',
    { aliases: ['experimental-bootstrap-defrag-threshold-megabytes'] },
  ),
  'memory-mlock': refused('boolean', 'false', 'Node.js cannot lock its memory', {
    aliases: ['experimental-memory-mlock'],
  }),
  'downgrade-check-time': idle(
    'duration',
    '5s',
    'members of one version have nothing to agree on',
    {
      aliases: ['experimental-downgrade-check-time'],
    },
  ),
} as const satisfies FlagSpecs;

const unsafe = {
  'force-new-cluster': flag(
    'boolean',
    'false',
    'Make a new cluster of this member alone, with the data it has.',
  ),
  'unsafe-no-fsync': idle('boolean', 'false', 'what is acknowledged is on disk, always'),
} as const satisfies FlagSpecs;

export const sections = {
  Member: member,
  Clustering: clustering,
  Security: { ...security, ...browsers },
  Gateway: gateway,
  Monitoring: monitoring,
  Logging: logging,
  'v2 Proxy': proxy,
  Features: features,
  Unsafe: unsafe,
} as const;

export const flagTable = {
  ...member,
  ...clustering,
  ...security,
  ...browsers,
  ...gateway,
  ...monitoring,
  ...logging,
  ...proxy,
  ...features,
  ...unsafe,
} as const;

export type FlagName = keyof typeof flagTable;

/** By every name it goes by. */
const named = new Map<string, FlagName>(
  (Object.entries(flagTable) as [FlagName, FlagSpec][]).flatMap(([name, { aliases }]) =>
    [name, ...aliases].map((each): [string, FlagName] => [each, name]),
  ),
);

/** The flag of this name or former name. */
export function flagNamed(name: string): FlagName | undefined {
  return named.get(name);
}

export function specOf(name: FlagName): FlagSpec {
  return flagTable[name];
}

export const flagNames: readonly string[] = [...named.keys()];
