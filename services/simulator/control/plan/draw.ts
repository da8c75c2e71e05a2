import { assertNever, createRng, type Rng } from '#shared/base';
import { pick, swarm } from '../../plan/pickers.ts';
import type { Fault, Plan } from '../../plan/plan.ts';
import type { Weather } from '../../world/network.ts';
import type { HouseStepKind } from '../users/housekeeper.ts';
import type { StorageStepKind } from '../users/storage.ts';
import { asBudgets } from './budgets.ts';
import { asCrowded } from './crowded.ts';
import { asDepartures, withDepartures } from './departures.ts';
import { asHousekeeping, withHousekeeping } from './housekeeping.ts';
import { asImpatience, withImpatience } from './impatience.ts';
import { asJobs } from './jobs.ts';
import { asMinutes } from './minutes.ts';
import { asNamesakes } from './namesakes.ts';
import { asOrphans } from './orphans.ts';
import { asNaps } from './naps.ts';
import { asPartitions } from './partitions.ts';
import { asPaperwork } from './paperwork.ts';
import type {
  ControlFault,
  ControlFaultKind,
  ControlPlan,
  UserStep,
  UserStepKind,
} from './plan.ts';
import { asRollouts } from './rollouts.ts';
import { asSorts } from './sorts.ts';
import { asSpread } from './spread.ts';
import { asStorage, withStorage } from './storage.ts';
import { asTaints } from './taints.ts';
import { asUnheard } from './unheard.ts';
import { allPicks } from './wanted.ts';

/** Others belong to plans around one thing. */
type DrawnKind = Exclude<ControlFaultKind, 'late-answers' | 'node-gone'>;
type DrawnStep = Exclude<
  UserStepKind,
  'replace-job' | 'delete-node' | 'rest' | 'classes' | HouseStepKind | StorageStepKind
>;

const faultWeights: Readonly<Record<DrawnKind, number>> = {
  store: 10,
  'agent-kill': 4,
  'agent-pause': 3,
  'node-power': 3,
  'node-slow': 1,
  'node-jump': 1,
  'node-isolate': 5,
  'node-cut': 3,
  'component-kill': 4,
  'component-pause': 4,
  'component-cut': 3,
  'component-isolate': 4,
  'onlooker-isolate': 3,
  reset: 3,
  flaky: 8,
  compact: 2,
};

/** After these nothing more is heard of a node. */
export const silencing: readonly ControlFaultKind[] = [
  'agent-kill',
  'agent-pause',
  'node-power',
  'node-isolate',
];

type StoreKind =
  | 'kill'
  | 'power'
  | 'power-all'
  | 'pause'
  | 'isolate'
  | 'partition'
  | 'transfer'
  | 'slow-disk'
  | 'weather'
  | 'reset'
  | 'jump';

const storeWeights: Readonly<Record<StoreKind, number>> = {
  kill: 4,
  power: 2,
  'power-all': 1,
  pause: 5,
  isolate: 4,
  partition: 2,
  transfer: 3,
  'slow-disk': 1,
  weather: 1,
  reset: 1,
  jump: 1,
};

const stepWeights: Readonly<Record<DrawnStep, number>> = {
  deployment: 6,
  scale: 6,
  restart: 4,
  statefulset: 5,
  daemonset: 2,
  job: 4,
  suspend: 4,
  service: 5,
  budget: 3,
  count: 3,
  dependent: 3,
  list: 4,
  pages: 3,
  'watch-past': 2,
  'delete-workload': 3,
  'delete-service': 1,
  'delete-owner': 2,
  'delete-pod': 4,
  'force-delete': 1,
  recreate: 3,
  'replace-owner': 3,
  relabel: 2,
  pod: 3,
  release: 2,
  cordon: 2,
  uncordon: 3,
  taint: 2,
  untaint: 2,
  admit: 1,
  rezone: 1,
  evict: 4,
  drain: 1,
  namespace: 3,
  'delete-namespace': 2,
  'delete-seen': 4,
  quota: 2,
  cronjob: 3,
  'server-side-apply': 4,
};

/** Of these every seed has some: the others need something to happen to. */
const groundwork: readonly UserStepKind[] = ['deployment', 'statefulset', 'service'];

/** How fast things go wrong: `everyMs` between two faults, each for `lastsMs` at most. */
interface Pace {
  /** Only one node is lost, and after a while comes back. */
  readonly oneNode?: boolean;
  /** Minutes of an ordinary cluster: little is asked, seldom something fails, and time passes. */
  readonly calm?: boolean;
  readonly everyMs: number;
  readonly lastsMs: number;
  readonly safetyMs: number;
}

/**
 * Where everything is broken at once, nothing is left to go wrong: long faults are few. Where nothing
 * breaks, the parts have to do on their own what they do at all, and soon.
 */
const paces: readonly Pace[] = [
  { everyMs: Infinity, lastsMs: 0, safetyMs: 12_000 },
  { oneNode: true, everyMs: Infinity, lastsMs: 18_000, safetyMs: 28_000 },
  { everyMs: 400, lastsMs: 1200, safetyMs: 8000 },
  { everyMs: 1500, lastsMs: 5000, safetyMs: 15_000 },
  { everyMs: 4000, lastsMs: 16_000, safetyMs: 30_000 },
  { calm: true, everyMs: 45_000, lastsMs: 30_000, safetyMs: 600_000 },
];

/** Plans around one thing. Half of all seeds stay ordinary: whatever nobody thought of is found by them. */
const schedules = [
  asRollouts,
  asCrowded,
  asMinutes,
  asPaperwork,
  asBudgets,
  asOrphans,
  asJobs,
  asUnheard,
  asNamesakes,
  asPartitions,
  asNaps,
  asTaints,
  asSpread,
  asDepartures,
  asImpatience,
  asHousekeeping,
  asStorage,
  asSorts,
];

/** What happens to a cluster under a seed; as `drawPlan`, each has only some kinds of everything. */
export function drawControlPlan(seed: number): ControlPlan {
  const plan = drawBasis(seed);
  const rng = createRng(seed ^ 0x70_11_0a);
  const narrowed = schedules[rng.int(2 * schedules.length)];
  return withShortMemory((narrowed ?? withMore)(plan, rng), createRng(seed ^ 0x51_0e_17));
}

/** In one seed of three servers forget soon what has changed: who was away for a moment lists again. */
const withShortMemory = (plan: ControlPlan, rng: Rng): ControlPlan =>
  rng.int(3) === 0 ? { ...plan, watchWindow: pick(rng, [16, 64]) } : plan;

const withMore = (plan: ControlPlan, rng: Rng): ControlPlan =>
  withStorage(withHousekeeping(withImpatience(withDepartures(plan, rng), rng), rng), rng);

function drawBasis(seed: number): ControlPlan {
  const rng = createRng(seed);
  const members = pick(rng, [1, 1, 3]);
  const nodes = pick(rng, [1, 2, 3, 3]);
  const components = pick(rng, [0, 2, 2]);
  const pace = pick(rng, paces);
  const { safetyMs } = pace;
  const size = { members, nodes, components };
  return {
    layers: 'cluster',
    ...(pace.calm && { pace: 'calm' }),
    seed,
    store: storePlan(rng, seed, members, safetyMs),
    nodes,
    cpus: pick(rng, [1, 2, 4]),
    components,
    leaseSeconds: pick(rng, [2, 3, 5]),
    nodeGraceMs: pick(rng, [1500, 2500, 4000]),
    watchLagMs: pick(rng, [0, 20, 300, 1000]),
    safetyMs,
    faults: drawFaults(rng, pace, size),
    clients: drawClients(rng, pace),
  };
}

function storePlan(rng: Rng, seed: number, members: number, safetyMs: number): Plan {
  return {
    seed,
    members,
    heartbeatMs: 100,
    electionMs: 1000,
    strictReconfigCheck: true,
    maxMessageBytes: 512 << 10,
    snapshotCount: pick(rng, [200, 10_000]),
    snapshotCatchUpEntries: pick(rng, [20, 5000]),
    syncMs: pick(rng, [
      [0.3, 2],
      [1, 10],
    ] as const),
    weather: { delayMs: pick(rng, [[0.2, 1] as const, [1, 10] as const]), ...calm },
    safetyMs,
    faults: [],
    clients: [],
  };
}

const calm = { loss: 0, duplicate: 0, reorder: 0 };

interface Size {
  readonly members: number;
  readonly nodes: number;
  readonly components: number;
}

function drawFaults(rng: Rng, pace: Pace, size: Size): ControlFault[] {
  const { safetyMs, everyMs, lastsMs } = pace;
  const fits = size.components > 0 ? (): boolean => true : isForAll;
  const kindOf = swarm(faultWeights, (kind) => rng.int(3) > 0 && fits(kind));
  const faults: ControlFault[] = [];
  if (pace.oneNode) return [loseNode(rng, lastsMs, size)];
  if (everyMs === Infinity) return faults;
  // The cluster comes up first: a fault before that finds nothing to break.
  for (let atMs = 2500 + rng.int(2 * everyMs); atMs < safetyMs; atMs += 1 + rng.int(2 * everyMs)) {
    faults.push(drawFault(rng, kindOf(rng), atMs, lastsMs, size));
  }
  return faults;
}

function loseNode(rng: Rng, forMs: number, { nodes }: Size): ControlFault {
  const node = rng.int(nodes);
  const atMs = 5000 + rng.int(3000);
  const kind = pick(rng, silencing);
  if (kind === 'node-isolate') return { atMs, kind, node, direction: 'both', forMs };
  return { atMs, kind: kind as 'agent-kill' | 'agent-pause' | 'node-power', node, forMs };
}

const isForAll = (kind: DrawnKind): boolean => !kind.startsWith('component-');

function drawFault(
  rng: Rng,
  kind: DrawnKind,
  atMs: number,
  lastsMs: number,
  { members, nodes, components }: Size,
): ControlFault {
  const forMs = 50 + rng.int(lastsMs);
  const node = rng.int(nodes);
  const master = rng.int(members);
  const component = rng.int(2 * Math.max(1, components));
  switch (kind) {
    case 'store':
      return { atMs, kind, fault: drawStoreFault(rng, atMs, forMs, members) };
    case 'agent-kill':
    case 'agent-pause':
    case 'node-power':
    case 'node-slow':
      return { atMs, kind, node, forMs };
    case 'node-jump':
      // Ahead by little: a pod with minReadySeconds is available when controllers' clocks have come to where
      // its node's was as it got ready, one pod of a StatefulSet after the other; recovery has an end.
      return { atMs, kind, node, byMs: rng.int(120_000) - 100_000 };
    case 'node-isolate':
      return { atMs, kind, node, direction: pick(rng, ['in', 'out', 'both', 'both']), forMs };
    case 'node-cut':
      return { atMs, kind, node, master, forMs };
    case 'component-kill':
    case 'component-pause':
    case 'component-isolate':
      return { atMs, kind, component, forMs };
    case 'component-cut':
      return { atMs, kind, component, master, forMs };
    case 'onlooker-isolate':
      return { atMs, kind, forMs };
    case 'reset':
      return { atMs, kind, machine: rng.int(100) };
    case 'flaky':
      return { atMs, kind, machine: rng.int(2) === 0 ? 'all' : rng.int(100), forMs };
    case 'compact':
      return { atMs, kind };
    default:
      return assertNever(kind, 'kind');
  }
}

function drawStoreFault(rng: Rng, atMs: number, forMs: number, members: number): Fault {
  const kind = swarm(storeWeights, () => rng.int(3) > 0)(rng);
  const target = rng.int(2) === 0 ? 'leader' : rng.int(members);
  switch (kind) {
    case 'kill':
    case 'power':
    case 'pause':
      return { atMs, kind, target, forMs };
    case 'power-all':
      return { atMs, kind, forMs: Math.min(forMs, 5000) };
    case 'isolate':
      return { atMs, kind, target, direction: pick(rng, ['in', 'out', 'both', 'both']), forMs };
    case 'partition':
      return { atMs, kind, sides: 1 + rng.int(2 ** members - 1), oneWay: rng.int(4) === 0, forMs };
    case 'slow-disk':
      return { atMs, kind, target, factor: pick(rng, [10, 50]), forMs };
    case 'weather':
      return { atMs, kind, weather: badWeather(rng), forMs };
    case 'jump':
      // Back by little, for the same reason for which nodes are ahead by little.
      return { atMs, kind, target, byMs: rng.int(120_000) - 20_000 };
    case 'transfer':
    case 'reset':
      return { atMs, kind, target };
    default:
      return assertNever(kind, 'kind');
  }
}

const badWeather = (rng: Rng): Weather => ({
  delayMs: pick(rng, [[1, 30] as const, [20, 200] as const]),
  loss: rng.next() * 0.2,
  duplicate: rng.next() * 0.2,
  reorder: rng.next() * 0.3,
});

function drawClients(rng: Rng, { safetyMs, calm: isCalm }: Pace): UserStep[][] {
  const paceMs = pick(rng, isCalm ? [6000, 10_000, 20_000] : [250, 500, 1000]);
  return Array.from({ length: 1 + rng.int(3) }, () => {
    const kindOf = swarm(stepWeights, () => rng.int(2) === 0);
    const steps: UserStep[] = [];
    for (let spentMs = 0; spentMs < safetyMs && steps.length < 100; ) {
      const afterMs = rng.int(2 * paceMs);
      spentMs += afterMs;
      const kind = steps.length < 2 ? pick(rng, groundwork) : kindOf(rng);
      steps.push({ afterMs, kind, pick: rng.int(allPicks) });
    }
    return steps;
  });
}
