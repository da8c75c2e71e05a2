import type { MetricsText, Sample } from '#shared/runtime';
import { hexId } from '../member/shown-id.ts';
import type { Serving } from '../serve/context.ts';
import type { HealthCounts } from './health.ts';

const labelled = (labels: Record<string, string>, value = 1): Sample[] => [{ labels, value }];

/** What a member is to its cluster, and how it fares. */
export function writeServer(
  out: MetricsText,
  serving: Serving,
  version: string,
  health: HealthCounts,
): void {
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
  out.gauge(
    'etcd_debugging_server_alarms',
    "Alarms for every member in cluster. 1 for 'server_id' label with current ID. 2 for 'alarm_type' label with type of this alarm",
    serving.state.alarms.all.map(({ memberId, alarm }) => ({
      labels: { server_id: memberId.toString(16), alarm_type: alarm.toUpperCase() },
      value: 1,
    })),
  );
  writePromotions(out, serving);
  writeChecks(out, health);
}

function writePromotions(out: MetricsText, { counters }: Serving): void {
  out.counter(
    'etcd_server_learner_promote_successes',
    'The total number of successful learner promotions while this member is leader.',
    counters.promotions,
  );
  out.counter(
    'etcd_server_learner_promote_failures',
    'The total number of failed learner promotions (likely learner not ready) while this member is leader.',
    [...counters.failedPromotions].map(([Reason, value]) => ({ labels: { Reason }, value })),
  );
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
