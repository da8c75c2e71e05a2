import type { DurationHistogram, MetricsText } from '#shared/runtime';
import { hexId } from '../member/shown-id.ts';
import type { SnapshotsWith } from '../metrics/counters.ts';
import type { Serving } from '../serve/context.ts';

/** Of what was counted as it happened: the disk, compactions, leases, snapshots between members. */
export function writeCounted(out: MetricsText, serving: Serving, logBytes: number): void {
  writeStorage(out, serving, logBytes);
  writeCompactions(out, serving);
  writeApplying(out, serving);
  writeLeases(out, serving);
  writeSnapshots(out, serving);
}

type Histograms = readonly (readonly [name: string, help: string, took: DurationHistogram])[];

function writeAll(out: MetricsText, histograms: Histograms): void {
  for (const [name, help, took] of histograms) out.histogram(name, help, took);
}

function writeStorage(out: MetricsText, { counters }: Serving, logBytes: number): void {
  writeAll(out, [
    [
      'etcd_disk_wal_fsync_duration_seconds',
      'The latency distributions of fsync called by WAL.',
      counters.walFsync,
    ],
    [
      'etcd_disk_backend_commit_duration_seconds',
      'The latency distributions of commit called by backend.',
      counters.backendCommit,
    ],
    [
      'etcd_disk_backend_defrag_duration_seconds',
      'The latency distribution of backend defragmentation.',
      counters.defragmentation,
    ],
    [
      'etcd_disk_backend_snapshot_duration_seconds',
      'The latency distribution of backend snapshots.',
      counters.backup,
    ],
    [
      'etcd_mvcc_hash_duration_seconds',
      'The latency distribution of storage hash operation.',
      counters.hash,
    ],
    [
      'etcd_mvcc_hash_rev_duration_seconds',
      'The latency distribution of storage hash by revision operation.',
      counters.hashOfRevision,
    ],
  ]);
  out.gauge('etcd_disk_wal_write_bytes_total', 'Total number of bytes written in WAL.', logBytes);
  out.gauge(
    'etcd_disk_defrag_inflight',
    'Whether or not defrag is active on the member. 1 means active, 0 means not.',
    counters.defragmentations > 0 ? 1 : 0,
  );
}

function writeCompactions(out: MetricsText, { state, counters }: Serving): void {
  const debugging = 'etcd_debugging_mvcc_db_compaction';
  out.counter(
    `${debugging}_keys_total`,
    'Total number of db keys compacted.',
    state.mvcc.compactedRecords,
  );
  out.histogramMs(
    `${debugging}_pause_duration_milliseconds`,
    'Bucketed histogram of db compaction pause duration.',
    counters.compactionStep,
  );
  out.histogramMs(
    `${debugging}_total_duration_milliseconds`,
    'Bucketed histogram of db compaction total duration.',
    counters.compaction,
  );
  out.gauge(
    `${debugging}_last`,
    'The unix time of the last db compaction. Resets to 0 on start.',
    Math.floor(counters.compactedAtMs / 1000),
  );
}

/** With etcd's labels: what it calls its operations. */
function writeApplying(out: MetricsText, { counters }: Serving): void {
  const { done, refused } = counters.applying;
  const samples = [done, refused].flatMap((times) =>
    [...times].map(([type, histogram]) => ({
      labels: { version: 'v3', op: nameOf(type), success: String(times === done) },
      histogram,
    })),
  );
  const help = 'The latency distributions of v2 apply called by backend.';
  out.histogram('etcd_server_apply_duration_seconds', help, samples);
}

/** `lease-grant`: `LeaseGrant`. */
function nameOf(type: string): string {
  if (type === 'compact') return 'Compaction';
  return type.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function writeLeases(out: MetricsText, { counters }: Serving): void {
  const applied = (type: string): number => counters.applied.get(type) ?? 0;
  const debugging = (name: string): string => `etcd_debugging_lease_${name}`;
  out.counter(
    debugging('granted_total'),
    'The total number of granted leases.',
    applied('lease-grant'),
  );
  out.counter(
    debugging('revoked_total'),
    'The total number of revoked leases.',
    applied('lease-revoke'),
  );
  out.counter(
    debugging('renewed_total'),
    'The number of renewed leases seen by the leader.',
    counters.leasesRenewed,
  );
  out.histogram(debugging('ttl_total'), 'Bucketed histogram of lease TTLs.', counters.leaseTtl);
  out.counter(
    'etcd_debugging_server_lease_expired_total',
    'The total number of expired leases.',
    counters.leasesExpired,
  );
}

/** With etcd's labels: ids in hexadecimal. */
function writeSnapshots(out: MetricsText, { counters, node }: Serving): void {
  const { sent, received, saved } = counters.snapshots;
  const directions = [
    ['send', 'To', sent],
    ['receive', 'From', received],
  ] as const;
  for (const [verb, label, all] of directions) {
    const name = (what: string): string => `etcd_network_snapshot_${verb}_${what}`;
    const each = [...all].map(([id, counts]) => ({
      labels: { [label]: hexId(id) },
      counts,
    }));
    const values = (value: (counts: SnapshotsWith) => number) =>
      each.map(({ labels, counts }) => ({ labels, value: value(counts) }));
    const help = (what: string): string => `Total number of ${what} snapshot ${verb}s.`;
    out.counter(
      name('success'),
      help('successful'),
      values(({ successes }) => successes),
    );
    out.counter(
      name('failures'),
      help('failed'),
      values(({ failures }) => failures),
    );
    out.gauge(
      name('inflights_total'),
      help('inflight'),
      values(({ inFlight }) => inFlight),
    );
    const took = each.map(({ labels, counts }) => ({ labels, histogram: counts.took }));
    out.histogram(
      name('total_duration_seconds'),
      `Total latency distributions of snapshot ${verb}s.`,
      took,
    );
  }
  out.histogram(
    'etcd_snap_db_save_total_duration_seconds',
    'The total latency distributions of v3 snapshot save.',
    saved,
  );
  out.gauge(
    'etcd_server_snapshot_apply_in_progress_total',
    '1 if the server is applying the incoming snapshot. 0 if none.',
    node.installingSnapshot ? 1 : 0,
  );
}
