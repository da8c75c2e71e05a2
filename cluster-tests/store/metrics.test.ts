import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { Stores } from './stores.ts';

const stores = new Stores();
const members = ['a', 'b', 'c'];

beforeAll(async () => {
  await stores.reserve(...members);
  for (const name of members) stores.start(name, members, '--metrics=extensive');
  await stores.ready(...members);
});
afterAll(() => stores.destroy());

/** What the alerts and the dashboard of etcd's own mixin (contrib/mixin) ask for, with their labels. */
const asked = [
  'etcd_server_has_leader',
  'etcd_server_leader_changes_seen_total',
  'etcd_server_proposals_failed_total',
  'etcd_server_proposals_pending',
  'etcd_server_proposals_committed_total',
  'etcd_server_proposals_applied_total',
  'etcd_server_quota_backend_bytes',
  'etcd_server_health_failures',
  'etcd_server_slow_apply_total',
  'etcd_mvcc_db_total_size_in_bytes',
  'etcd_mvcc_db_total_size_in_use_in_bytes',
  'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"}',
  'etcd_disk_backend_commit_duration_seconds_bucket{le="0.001"}',
  'etcd_network_client_grpc_received_bytes_total',
  'etcd_network_client_grpc_sent_bytes_total',
  'grpc_server_started_total{grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"}',
  'grpc_server_started_total{grpc_method="LeaseKeepAlive",grpc_service="etcdserverpb.Lease",grpc_type="bidi_stream"}',
  'grpc_server_handled_total{grpc_code="OK",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"}',
  'grpc_server_handling_seconds_bucket{grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary",le="0.005"}',
  'process_resident_memory_bytes',
  'process_open_fds',
  'process_max_fds',
];

const scrape = async (name: string): Promise<string> =>
  (await fetch(`http://${stores.endpoint(name)}/metrics`)).text();

test('everything that etcd’s dashboard and alerts ask for is there', async () => {
  const lines = (await scrape('a')).split('\n');
  for (const name of asked) {
    const found = lines.filter(
      (line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`),
    );
    expect(found, name).not.toEqual([]);
  }
});

test('what goes between members is counted for each of them', async () => {
  const { members: listed } = await stores.cluster('a').list();
  const others = listed.filter(({ name }) => name !== 'a');
  // What all of them wrote is here once a read that asks a quorum is.
  await stores.kv('a').get('ready');
  const text = await eventually('a round trip', async () => {
    const now = await scrape('a');
    const counts = now.matchAll(/^etcd_network_peer_round_trip_time_seconds_count\{.*\} (\d+)$/gm);
    return [...counts].filter(([, count]) => count !== '0').length === 2 ? now : undefined;
  });
  for (const { ID } of others) {
    const id = BigInt(ID).toString(16);
    const value = (name: string, label: string): number =>
      Number(
        new RegExp(`^etcd_network_${name}\\{${label}="${id}"\\} (\\d+)$`, 'm').exec(text)?.[1],
      );
    expect(value('peer_sent_bytes_total', 'To')).toBeGreaterThan(0);
    expect(value('peer_received_bytes_total', 'From')).toBeGreaterThan(0);
    expect(value('peer_sent_failures_total', 'To')).toBeGreaterThanOrEqual(0);
    expect(text).toMatch(
      new RegExp(`^etcd_network_active_peers\\{Local="[0-9a-f]+",Remote="${id}"\\} 1$`, 'm'),
    );
  }
  expect(Number(/^etcd_mvcc_put_total (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(3);
});
