import type { Lease, Node, Pod } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Context } from '../context.ts';
import { refs } from '../objects/refs.ts';
import { type Session, withSession } from '../objects/session.ts';
import { type MasterPart, mastersOf, workersOf } from './layout.ts';
import { type MemberStatus, memberStatuses } from './member-status.ts';
import { runningContainers } from './pods.ts';
import { residentBytes, runningProcess } from './processes.ts';
import type { Cluster } from './state.ts';
import { isReady } from './wait-for-nodes.ts';

/** Everything `status` shows: what the processes, the members and the API say, each where it can. */
export interface Overview {
  readonly dataDir: string;
  readonly members: readonly MemberOverview[];
  /** Who leads which election; empty where the API does not answer. */
  readonly leaders: readonly { readonly election: string; readonly identity: string }[];
  readonly workers: readonly WorkerOverview[];
  /** Number of pods by phase, over all namespaces. */
  readonly pods: Readonly<Record<string, number>>;
  readonly memoryBytes: number;
  /** Why the API does not answer; absent where it does. */
  readonly apiError?: string;
}

export interface MemberOverview extends MasterPart {
  /** Absent: the process does not run. */
  readonly pid?: number;
  /** `leader`, `follower`, `no leader`, `not answering`, `dead`. */
  readonly state: string;
  /** The etcd word alone, for scripts: leader or follower. */
  readonly status?: MemberStatus;
}

export interface WorkerOverview {
  readonly name: string;
  readonly agent: string;
  readonly pid?: number;
  /** `Ready`, `NotReady`, or undefined where the API does not know it. */
  readonly node?: string;
  readonly unschedulable: boolean;
  readonly pods: number;
  /** Containers that run on this machine, whether the agent does or not. */
  readonly containers: number;
}

interface ApiView {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly leases: readonly Lease[];
  readonly error?: string;
}

/** The elections that have a holder worth showing. */
const elections = ['kube-scheduler', 'kube-controller-manager'];

export async function overviewOf(context: Context, cluster: Cluster): Promise<Overview> {
  const masters = mastersOf(cluster.state.parts);
  const [statuses, view] = await Promise.all([
    cluster.state.store ? [] : memberStatuses(masters.map((master) => master.client)),
    apiView(context, cluster),
  ]);
  const members = masters.map((master, i) => memberOverview(cluster, master, statuses[i]));
  const workers = workersOf(cluster.state.parts).map((part): WorkerOverview => {
    const node = view.nodes.find(({ metadata }) => metadata?.name === part.name);
    const pid = runningProcess(cluster, part.name)?.pid;
    return {
      name: part.name,
      agent: part.agent,
      ...(pid !== undefined && { pid }),
      ...(node && { node: isReady(node) ? 'Ready' : 'NotReady' }),
      unschedulable: node?.spec?.unschedulable ?? false,
      pods: view.pods.filter(({ spec }) => spec?.nodeName === part.name).length,
      containers: runningContainers(cluster, part.name).length,
    };
  });
  const pids = [...members, ...workers].map(({ pid }) => pid).filter((pid) => pid !== undefined);
  return {
    dataDir: cluster.dir,
    members,
    leaders: leadersOf(view.leases),
    workers,
    pods: countPhases(view.pods),
    memoryBytes: pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    ...(view.error !== undefined && { apiError: view.error }),
  };
}

function memberOverview(
  cluster: Cluster,
  master: MasterPart,
  status: MemberStatus | undefined,
): MemberOverview {
  const pid = runningProcess(cluster, master.name)?.pid;
  if (cluster.state.store) {
    return { ...master, ...(pid !== undefined && { pid }), state: pid ? 'running' : 'dead' };
  }
  if (!status)
    return { ...master, ...(pid !== undefined && { pid }), state: pid ? 'not answering' : 'dead' };
  const role = status.leader ? 'leader' : 'follower';
  const state = status.hasLeader ? role : 'no leader';
  return { ...master, ...(pid !== undefined && { pid }), state, status };
}

/** Short of a quorum nothing answers; `status` must still say what it can, and soon. */
const apiTimeoutMs = 2_000;

async function apiView(context: Context, cluster: Cluster): Promise<ApiView> {
  const nothing = { nodes: [], pods: [], leases: [] };
  const ask = withSession(context, { dataDir: cluster.dir }, async ({ api }: Session) => {
    const [nodes, pods, leases] = await Promise.all([
      api.list<Node>(refs.nodes),
      api.list<Pod>(refs.pods),
      api.list<Lease>(refs.leases, { namespace: 'kube-system' }),
    ]);
    return { nodes: nodes.items, pods: pods.items, leases: leases.items };
  });
  const late = context.clock
    .sleep(apiTimeoutMs)
    .then((): ApiView => ({ ...nothing, error: `no answer within ${apiTimeoutMs / 1000} s` }));
  try {
    return await Promise.race([ask, late]);
  } catch (thrown) {
    return { ...nothing, error: QuorateError.from(thrown).message };
  }
}

function leadersOf(leases: readonly Lease[]): { election: string; identity: string }[] {
  return elections.flatMap((election) => {
    const lease = leases.find(({ metadata }) => metadata?.name === election);
    const identity = lease?.spec?.holderIdentity;
    return identity ? [{ election, identity }] : [];
  });
}

function countPhases(pods: readonly Pod[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const pod of pods) {
    const phase = pod.metadata?.deletionTimestamp
      ? 'Terminating'
      : (pod.status?.phase ?? 'Unknown');
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  return counts;
}
