import { MetricsText, writeProcessMetrics } from '#shared/runtime';
import type { PeerTraffic } from '../metrics/peer-traffic.ts';
import type { Serving } from '../serve/context.ts';
import { answer, type HttpHandler } from './answers.ts';
import { type GrpcBytes, type MethodCounts, writeCalls } from './call-metrics.ts';
import { writeCounted } from './counted-metrics.ts';
import type { HealthCounts } from './health.ts';
import { writePeers } from './peer-metrics.ts';
import { writeServer } from './server-metrics.ts';

export interface MetricsParts {
  readonly serving: Serving;
  readonly version: string;
  readonly quotaBytes: number;
  readonly health: HealthCounts;
  readonly methods: readonly MethodCounts[];
  readonly grpcBytes: () => GrpcBytes;
  readonly databaseBytes: () => Promise<number>;
  /** Written to the raft log since the start. */
  readonly logBytes: () => number;
  readonly openWatchStreams: () => number;
  readonly peers: () => ReadonlyMap<number, PeerTraffic>;
}

/** `/metrics`: etcd's names for what this member knows, read when it is asked. */
export function metricsHandler(parts: MetricsParts): HttpHandler {
  return async (_request, response) => {
    const out = new MetricsText();
    writeServer(out, parts.serving, parts.version, parts.health);
    writeSpace(out, parts, await parts.databaseBytes());
    writeCounted(out, parts.serving, parts.logBytes());
    writeData(out, parts);
    writePeers(out, parts.serving, parts.peers());
    writeCalls(out, parts.methods, parts.grpcBytes());
    await writeProcessMetrics(out);
    answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', out.text);
  };
}

function writeSpace(
  out: MetricsText,
  { serving, quotaBytes }: MetricsParts,
  databaseBytes: number,
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
      databaseBytes,
    );
  }
  out.gauge(
    'etcd_mvcc_db_total_size_in_use_in_bytes',
    'Total size of the underlying database logically in use in bytes.',
    serving.node.backend.liveBytes,
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
