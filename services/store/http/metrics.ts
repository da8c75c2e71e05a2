import { bytesInUse } from '../state/space.ts';
import {
  type DurationHistogram,
  MetricsText,
  type Sample,
  writeProcessMetrics,
} from '#shared/runtime';
import { hexId } from '../member/shown-id.ts';
import type { PeerTraffic } from '../metrics/peer-traffic.ts';
import type { Serving } from '../serve/context.ts';
import { answer, type HttpHandler } from './answers.ts';
import { writeCounted } from './counted-metrics.ts';
import type { HealthCounts } from './health.ts';

export interface MethodCounts {
  readonly service: string;
  readonly method: string;
  readonly type: string;
  readonly started: number;
  readonly received: number;
  readonly sent: number;
  readonly handled: readonly number[];
  readonly took: DurationHistogram | undefined;
}

export interface MetricsParts {
  readonly serving: Serving;
  readonly version: string;
  readonly quotaBytes: number;
  readonly health: HealthCounts;
  readonly methods: readonly MethodCounts[];
  readonly grpcBytes: () => { readonly read: number; readonly written: number };
  readonly backendBytes: () => Promise<number>;
  /** Written to the raft log since the start. */
  readonly logBytes: () => number;
  readonly openWatchStreams: () => number;
  readonly peers: () => ReadonlyMap<number, PeerTraffic>;
}

/** `/metrics`: etcd's names for what this member knows, read when it is asked. */
export function metricsHandler(parts: MetricsParts): HttpHandler {
  return async (_request, response) => {
    const out = new MetricsText();
    writeServer(out, parts);
    writeSpace(out, parts, await parts.backendBytes());
    writeCounted(out, parts.serving, parts.logBytes());
    writeData(out, parts);
    writePeers(out, parts);
    writeCalls(out, parts);
    await writeProcessMetrics(out);
    answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', out.text);
  };
}

const labelled = (labels: Record<string, string>, value = 1): Sample[] => [{ labels, value }];

function writeServer(out: MetricsText, parts: MetricsParts): void {
  const { serving, version, health } = parts;
  const { counters, node } = serving;
  const raft = node.status();
  const flag = (on: boolean): number => (on ? 1 : 0);
  const server = (name: string): string => `etcd_server_${name}`;
  out.gauge(
    'etcd_cluster_version',
    "Which version is running. 1 for 'cluster_version' label with current cluster version",
    labelled({ cluster_version: version.split('.', 2).join('.') }),
  );
  out.gauge(
    server('version'),
    "Which version is running. 1 for 'server_version' label with current version.",
    labelled({ server_version: version }),
  );
  out.gauge(
    server('id'),
    "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.",
    labelled({ server_id: hexId(serving.memberId) }),
  );
  out.gauge(
    server('has_leader'),
    'Whether or not a leader exists. 1 is existence, 0 is not.',
    flag(raft.leader !== 0),
  );
  out.gauge(
    server('is_leader'),
    'Whether or not this member is a leader. 1 if is, 0 otherwise.',
    flag(raft.role === 'leader'),
  );
  out.gauge(
    server('is_learner'),
    'Whether or not this member is a learner. 1 if is, 0 otherwise.',
    flag(raft.confState.learners.includes(raft.id)),
  );
  out.counter(
    server('leader_changes_seen_total'),
    'The number of leader changes seen.',
    serving.node.leaderChanges,
  );
  out.gauge(
    server('proposals_committed_total'),
    'The total number of consensus proposals committed.',
    raft.commit,
  );
  out.gauge(
    server('proposals_applied_total'),
    'The total number of consensus proposals applied.',
    serving.node.backend.applied.index,
  );
  out.gauge(
    server('proposals_pending'),
    'The current number of pending proposals to commit.',
    serving.node.pendingProposals,
  );
  out.counter(
    server('proposals_failed_total'),
    'The total number of failed proposals seen.',
    serving.node.failedProposals,
  );
  out.counter(
    server('health_success'),
    'The total number of successful health checks',
    health.successes,
  );
  out.counter(
    server('health_failures'),
    'The total number of failed health checks',
    health.failures,
  );
  out.counter(
    server('slow_apply_total'),
    'The total number of slow apply requests (likely overloaded from slow disk).',
    counters.slowApplies,
  );
  out.counter(
    server('heartbeat_send_failures_total'),
    'The total number of leader heartbeat send failures (likely overloaded from slow disk).',
    counters.lateHeartbeats,
  );
  out.counter(
    server('slow_read_indexes_total'),
    "The total number of pending read indexes not in sync with leader's or timed out read index requests.",
    node.readTroubles.slow,
  );
  out.counter(
    server('read_indexes_failed_total'),
    'The total number of failed read indexes seen.',
    node.readTroubles.failed,
  );
  writeChecks(out, health);
}

function writeChecks(out: MetricsText, { checks }: HealthCounts): void {
  const each = [...checks].map(([key, counts]) => {
    const [type = '', name = ''] = key.split('/');
    return { type, name, ...counts };
  });
  out.gauge(
    'etcd_server_healthcheck',
    'The result of each kind of healthcheck.',
    each.map(({ type, name, ok }) => ({ labels: { name, type }, value: ok ? 1 : 0 })),
  );
  out.counter(
    'etcd_server_healthchecks_total',
    'The total number of each kind of healthcheck.',
    each.flatMap(({ type, name, success, error }) => [
      { labels: { name, status: 'success', type }, value: success },
      { labels: { name, status: 'error', type }, value: error },
    ]),
  );
}

function writeSpace(
  out: MetricsText,
  { serving, quotaBytes }: MetricsParts,
  backendBytes: number,
): void {
  out.gauge('etcd_server_quota_backend_bytes', 'Current backend storage quota size.', quotaBytes);
  out.gauge(
    'etcd_debugging_auth_revision',
    'The current revision of auth store.',
    serving.state.auth.revision,
  );
  for (const name of ['etcd_mvcc', 'etcd_debugging_mvcc']) {
    out.gauge(
      `${name}_db_total_size_in_bytes`,
      'Total size of the underlying database physically allocated in bytes.',
      backendBytes,
    );
  }
  out.gauge(
    'etcd_mvcc_db_total_size_in_use_in_bytes',
    'Total size of the underlying database logically in use in bytes.',
    bytesInUse(serving.node.backend.liveBytes, backendBytes),
  );
}

function writeData(out: MetricsText, parts: MetricsParts): void {
  const { serving, openWatchStreams, methods } = parts;
  const { counters } = serving;
  const { mvcc, hub } = serving.state;
  const debugging = (name: string): string => `etcd_debugging_mvcc_${name}`;
  out.gauge(debugging('keys_total'), 'Total number of keys.', mvcc.liveKeys);
  out.gauge(debugging('current_revision'), 'The current revision of store.', mvcc.revision);
  out.gauge(
    debugging('compact_revision'),
    'The revision of the last compaction in store.',
    mvcc.compactRevision,
  );
  const applied = (type: string): number => counters.applied.get(type) ?? 0;
  const ranges = methods.find(({ method }) => method === 'Range')?.started ?? 0;
  for (const [name, kind, value] of [
    ['put', 'puts', mvcc.puts.count],
    ['delete', 'deletes', applied('delete-range')],
    ['txn', 'txns', applied('txn')],
    ['range', 'ranges', ranges],
  ] as const) {
    const help = `Total number of ${kind} seen by this member.`;
    // Under its former name, too: dashboards have both.
    for (const full of [`etcd_mvcc_${name}_total`, debugging(`${name}_total`)]) {
      out.counter(full, help, value);
    }
  }
  out.gauge(
    debugging('total_put_size_in_bytes'),
    'The total size of put kv pairs seen by this member.',
    mvcc.puts.bytes,
  );
  out.counter(
    debugging('events_total'),
    'Total number of events sent by this member.',
    counters.eventsSent,
  );
  out.gauge(debugging('watcher_total'), 'Total number of watchers.', hub.size);
  out.gauge(
    debugging('slow_watcher_total'),
    'Total number of unsynced slow watchers.',
    hub.unsyncedSize,
  );
  out.gauge(debugging('watch_stream_total'), 'Total number of watch streams.', openWatchStreams());
}

/** With etcd's labels: ids in hexadecimal. */
function writePeers(out: MetricsText, { serving, peers }: MetricsParts): void {
  const each = [...peers()].map(([id, traffic]) => ({ hex: hexId(id), id, traffic }));
  const metric = (name: string): string => `etcd_network_${name}`;
  const counted = (
    name: string,
    help: string,
    label: 'To' | 'From',
    value: (traffic: PeerTraffic) => number,
  ): void => {
    const samples = each.map(({ hex, traffic }) => ({
      labels: { [label]: hex },
      value: value(traffic),
    }));
    out.counter(metric(name), help, samples);
  };
  const sent = 'The total number of bytes sent to peers.';
  counted('peer_sent_bytes_total', sent, 'To', ({ sentBytes }) => sentBytes);
  const received = 'The total number of bytes received from peers.';
  counted('peer_received_bytes_total', received, 'From', ({ receivedBytes }) => receivedBytes);
  const unsent = 'The total number of send failures to peers.';
  counted('peer_sent_failures_total', unsent, 'To', ({ sentFailures }) => sentFailures);
  const unread = 'The total number of receive failures from peers.';
  counted('peer_received_failures_total', unread, 'From', (traffic) => traffic.receivedFailures);
  out.histogram(
    metric('peer_round_trip_time_seconds'),
    'Round-Trip-Time histogram between peers',
    each.map(({ hex, traffic }) => ({ labels: { To: hex }, histogram: traffic.roundTrip })),
  );
  const Local = hexId(serving.memberId);
  out.gauge(
    metric('active_peers'),
    'The current number of active peer connections.',
    each.map(({ hex, id }) => ({
      labels: { Local, Remote: hex },
      value: serving.transport.connectedSince(id) === undefined ? 0 : 1,
    })),
  );
  const others = [...serving.state.members.keys()].filter((id) => id !== serving.memberId);
  out.gauge(
    metric('known_peers'),
    'The current number of known peers.',
    others.map((id) => ({ labels: { Local, Remote: hexId(id) }, value: 1 })),
  );
}

/** By number, in the words of Go's gRPC. */
const codeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

function writeCalls(out: MetricsText, { methods, grpcBytes }: MetricsParts): void {
  const { read, written } = grpcBytes();
  out.counter(
    'etcd_network_client_grpc_received_bytes_total',
    'The total number of bytes received from grpc clients.',
    read,
  );
  out.counter(
    'etcd_network_client_grpc_sent_bytes_total',
    'The total number of bytes sent to grpc clients.',
    written,
  );
  const labelsOf = ({ method, service, type }: MethodCounts): Record<string, string> => ({
    grpc_method: method,
    grpc_service: service,
    grpc_type: type,
  });
  out.counter(
    'grpc_server_started_total',
    'Total number of RPCs started on the server.',
    methods.map((counts) => ({ labels: labelsOf(counts), value: counts.started })),
  );
  out.counter(
    'grpc_server_handled_total',
    'Total number of RPCs completed on the server, regardless of success or failure.',
    methods.flatMap((counts) =>
      codeNames.flatMap((name, code) => {
        const value = counts.handled[code] ?? 0;
        const labels = { grpc_code: name, ...labelsOf(counts) };
        // A series exists from its first call on; `OK` always does, so that rates begin at 0.
        return value > 0 || code === 0 ? [{ labels, value }] : [];
      }),
    ),
  );
  for (const way of ['received', 'sent'] as const) {
    out.counter(
      `grpc_server_msg_${way}_total`,
      `Total number of RPC stream messages ${way} on the server.`,
      methods.map((counts) => ({ labels: labelsOf(counts), value: counts[way] })),
    );
  }
  const timed = methods.flatMap((counts) =>
    counts.took ? [{ labels: labelsOf(counts), histogram: counts.took }] : [],
  );
  if (timed.length === 0) return;
  out.histogram(
    'grpc_server_handling_seconds',
    'Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.',
    timed,
  );
}
