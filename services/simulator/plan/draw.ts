import { assertNever, createRng, must, type Rng } from '#shared/base';
import type { Span } from '../world/machine.ts';
import type { Weather } from '../world/network.ts';
import { drawFarBehind } from './far-behind.ts';
import { drawFigureEight } from './figure-eight.ts';
import { drawGrowth } from './growth.ts';
import { drawLateAnswers } from './late-answers.ts';
import { drawLostElections } from './lost-elections.ts';
import { pick, swarm } from './pickers.ts';
import { drawTwiceDead } from './twice-dead.ts';
import type { Fault, FaultKind, Plan, Step, StepKind, Target } from './plan.ts';

/** Of each by itself; others come as parts of a schedule. */
type DrawnKind = Exclude<
  FaultKind,
  | 'black-hole'
  | 'part-newest'
  | 'part-at-change'
  | 'add-at-election'
  | 'lost-election'
  | 'hears-late'
>;

/** How often a kind is drawn, where a seed has it at all. */
const faultWeights: Readonly<Record<DrawnKind, number>> = {
  kill: 3,
  power: 4,
  'kill-all': 1,
  'power-all': 1,
  'die-writing': 4,
  'die-sending': 4,
  pause: 3,
  isolate: 4,
  partition: 4,
  weather: 3,
  reset: 2,
  'slow-disk': 2,
  'full-disk': 1,
  'bit-rot': 1,
  'slow-process': 2,
  snapshots: 3,
  jump: 1,
  drift: 1,
  transfer: 3,
  add: 2,
  promote: 2,
  remove: 2,
};

const stepWeights: Readonly<Record<StepKind, number>> = {
  put: 20,
  'put-prev': 4,
  'put-large': 2,
  get: 12,
  'get-part': 4,
  compare: 6,
  list: 4,
  'get-serializable': 3,
  'get-past': 2,
  query: 5,
  delete: 5,
  'delete-all': 1,
  swap: 10,
  txn: 5,
  grant: 2,
  'put-leased': 4,
  'keep-alive': 5,
  'keep-others': 3,
  'time-left': 3,
  revoke: 1,
  compact: 1,
  watch: 4,
  'watch-part': 2,
  'watch-slow': 2,
  unwatch: 2,
  move: 3,
};

const costsMembers: ReadonlySet<FaultKind> = new Set(['bit-rot', 'add', 'promote', 'remove']);

export interface DrawOptions {
  /** Default: drawn. */
  readonly members?: number | undefined;
}

/** How fast everything goes. */
interface Pace {
  readonly name: string;
  /** How often it is drawn. */
  readonly weight: number;
  readonly electionMs: number;
  readonly safetyMs: readonly number[];
  /** Between two faults, and how long one lasts at most. */
  readonly faultMs: readonly number[];
  readonly lastsMs: number;
  /** Between two requests of a client. */
  readonly requestMs: readonly number[];
  readonly strict: boolean;
  readonly syncMs: readonly Span[];
  /** Times the network's usual delays. */
  readonly distance: number;
  /** Kinds of faults that it always has. */
  readonly always: readonly DrawnKind[];
}

const paces: readonly Pace[] = [
  // Hours of an ordinary cluster: little is asked, seldom something fails, and time passes.
  {
    name: 'calm',
    weight: 2,
    electionMs: 1000,
    safetyMs: [3_600_000, 10_800_000],
    faultMs: [30_000, 120_000],
    lastsMs: 60_000,
    requestMs: [5000, 15_000, 30_000],
    strict: true,
    syncMs: [
      [0.3, 2],
      [1, 10],
    ],
    distance: 1,
    always: [],
  },
  // A bad minute of it: leases expire, keepalives notice, membership is checked.
  {
    name: 'busy',
    weight: 3,
    electionMs: 1000,
    safetyMs: [10_000, 20_000, 40_000],
    faultMs: [500, 1000, 3000],
    lastsMs: 8000,
    requestMs: [20, 50, 200, 500],
    strict: true,
    syncMs: [
      [0.3, 2],
      [1, 10],
      [5, 40],
    ],
    distance: 1,
    always: [],
  },
  // Tuned for a fast network.
  {
    name: 'tuned',
    weight: 2,
    electionMs: 100,
    safetyMs: [3000, 6000],
    faultMs: [30, 100, 300],
    lastsMs: 1000,
    requestMs: [3, 8, 20],
    strict: false,
    syncMs: [
      [0.1, 1],
      [1, 6],
    ],
    distance: 1,
    always: ['isolate'],
  },
  // A storm: leaders come and go while entries are on their way, on slow disks and far apart.
  {
    name: 'storm',
    weight: 4,
    electionMs: 1000,
    safetyMs: [30_000, 60_000],
    faultMs: [300, 600, 1200],
    lastsMs: 5000,
    requestMs: [30, 80, 200],
    strict: false,
    syncMs: [
      [1, 10],
      [10, 60],
    ],
    distance: 10,
    always: ['isolate', 'die-writing'],
  },
  // Majorities that change, and logs that part in between.
  {
    name: 'majorities',
    weight: 4,
    electionMs: 1000,
    safetyMs: [30_000, 60_000],
    faultMs: [600, 1200],
    lastsMs: 3000,
    requestMs: [30, 80],
    strict: false,
    syncMs: [[1, 10]],
    distance: 10,
    always: ['isolate', 'partition', 'power', 'die-sending'],
  },
];

/**
 * What happens under a seed. Each seed has only some kinds of faults and of requests (swarm testing):
 * those that are always there would hide what needs them to be absent.
 */
export function drawPlan(seed: number, options: DrawOptions = {}): Plan {
  const rng = createRng(seed);
  const members = options.members ?? pick(rng, [3, 3, 3, 3, 3, 5, 1]);
  const pace = weighted(rng, paces);
  const safetyMs = pick(rng, pace.safetyMs);
  const manySnapshots = rng.int(2) === 0;
  const heartbeatMs = pace.electionMs / 10;
  const plan = {
    seed,
    pace: pace.name,
    members,
    tickMs: heartbeatMs / pick(rng, [1, 1, 2, 2, 2, 10]),
    heartbeatMs,
    electionMs: pace.electionMs,
    strictReconfigCheck: pace.strict,
    maxMessageBytes: pick(rng, [512 << 10, 1]),
    snapshotCount: manySnapshots ? 1 + rng.int(30) : 10_000,
    snapshotCatchUpEntries: manySnapshots ? rng.int(20) : 5000,
    syncMs: pick(rng, pace.syncMs),
    weather: drawWeather(rng, pace.distance, rng.int(2) === 0),
    safetyMs,
    faults: drawFaults(rng, pace, safetyMs, members),
    clients: drawClients(rng, pace, safetyMs),
  };
  if (rng.int(12) === 0) return asGrowth(plan, rng);
  if (rng.int(12) === 0 && members > 1) return asFarBehind(plan, rng);
  if (rng.int(20) === 0 && members > 1) return asLostElections(plan, rng);
  if (rng.int(8) === 0 && members > 1) return asFigureEight(plan, rng);
  if (rng.int(12) === 0 && members > 1) return asLateAnswers(plan, rng);
  return rng.int(12) === 0 ? asTwiceDead(plan, rng) : plan;
}

function stormy(): Pace {
  return must(
    paces.find(({ name }) => name === 'storm'),
    'there are storms',
  );
}

/** In fair weather, with whatever the plan asks: what matters is when the cut comes. */
function asGrowth(plan: Plan, rng: Rng): Plan {
  const pace = stormy();
  const safetyMs = 60_000;
  return {
    ...plan,
    pace: 'growth',
    members: pick(rng, [1, 2, 3, 3, 3, 4]),
    electionMs: 1000,
    heartbeatMs: 100,
    tickMs: 50,
    strictReconfigCheck: false,
    weather: { delayMs: [1, pick(rng, [5, 20])], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: pick(rng, [
      [0.3, 2],
      [1, 10],
    ]),
    safetyMs,
    faults: drawGrowth(rng, safetyMs),
    clients: drawClients(rng, pace, safetyMs),
  };
}

/** With logs that forget soon, and much to miss in little time. */
function asFarBehind(plan: Plan, rng: Rng): Plan {
  const safetyMs = 6000 + rng.int(6000);
  return {
    ...asFigureEight(plan, rng),
    pace: 'far behind',
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: pick(rng, [
      [0.3, 2],
      [5, 30],
    ]),
    snapshotCount: 1 + rng.int(8),
    snapshotCatchUpEntries: rng.int(2) === 0 ? rng.int(4) : 15 + rng.int(20),
    safetyMs,
    faults: drawFarBehind(rng, safetyMs, plan.members),
    clients: drawClients(rng, { requestMs: [10, 20] }, safetyMs),
  };
}

/** On disks that take their time, which is when somebody dies. */
function asTwiceDead(plan: Plan, rng: Rng): Plan {
  const safetyMs = 20_000;
  return {
    ...asFigureEight(plan, rng),
    pace: 'twice dead',
    members: plan.members,
    weather: { delayMs: [0.5, 5], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [5, 40],
    safetyMs,
    faults: drawTwiceDead(rng, safetyMs, plan.members),
    clients: drawClients(rng, stormy(), safetyMs, ['put', 'put-large']),
  };
}

/** Nothing else happens: any other trouble would set free whoever is stuck. */
function asLostElections(plan: Plan, rng: Rng): Plan {
  const safetyMs = 20_000 + rng.int(20_000);
  return {
    ...asFigureEight(plan, rng),
    pace: 'lost elections',
    weather: { delayMs: [0.5, 5], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawLostElections(rng, safetyMs),
  };
}

/** With much to read, to renew and to write while there are two that believe to lead. */
function asLateAnswers(plan: Plan, rng: Rng): Plan {
  const safetyMs = 15_000;
  const electionMs = 200;
  const heartbeatMs = electionMs / 10;
  return {
    ...asFigureEight(plan, rng),
    pace: 'late answers',
    electionMs,
    heartbeatMs,
    tickMs: heartbeatMs,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawLateAnswers(rng, safetyMs, electionMs),
    clients: drawClients(rng, { requestMs: [10, 30] }, safetyMs, ['put', 'get', 'keep-alive']),
  };
}

/** In good weather, on three members: what the schedule needs is rare enough. */
function asFigureEight(plan: Plan, rng: Rng): Plan {
  const pace = stormy();
  const safetyMs = pick(rng, pace.safetyMs);
  const electionMs = 1000;
  const heartbeatMs = electionMs / 10;
  return {
    ...plan,
    pace: 'figure eight',
    members: plan.members === 5 ? 5 : 3,
    tickMs: heartbeatMs / 10,
    electionMs,
    heartbeatMs,
    maxMessageBytes: 1,
    weather: { delayMs: [1, 20], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [1, 10],
    safetyMs,
    faults: drawFigureEight(rng, safetyMs, electionMs),
    clients: drawClients(rng, pace, safetyMs),
  };
}

function weighted<T extends { readonly weight: number }>(rng: Rng, from: readonly T[]): T {
  let left = rng.next() * from.reduce((sum, { weight }) => sum + weight, 0);
  const found = from.find(({ weight }) => (left -= weight) < 0);
  return found ?? pick(rng, from);
}

function between(rng: Rng, low: number, high: number): number {
  return Math.round(low + rng.next() ** 2 * (high - low));
}

function drawWeather(rng: Rng, distance: number, fair: boolean): Weather {
  const low = pick(rng, [0.1, 0.5, 2]) * distance;
  const chance = (highest: number): number =>
    fair || rng.int(2) === 0 ? 0 : Number((rng.next() * highest).toFixed(3));
  return {
    delayMs: [low, low * pick(rng, fair ? [2, 4] : [2, 10, 40])],
    loss: chance(0.2),
    duplicate: chance(0.2),
    reorder: chance(0.4),
  };
}

/** Half of what there is, and what must be there. */
function halfOf<K extends string>(
  rng: Rng,
  weights: Readonly<Record<K, number>>,
  always: readonly K[] = [],
): (rng: Rng) => K {
  return swarm(weights, (kind) => rng.int(2) === 0 || always.includes(kind));
}

function drawFaults(rng: Rng, pace: Pace, safetyMs: number, members: number): Fault[] {
  const kindOf = halfOf(rng, faultWeights, pace.always);
  const everyMs = pick(rng, pace.faultMs);
  const faults: Fault[] = [];
  for (let atMs = rng.int(2 * everyMs); atMs < safetyMs; atMs += 1 + rng.int(2 * everyMs)) {
    faults.push(drawFault(rng, kindOf(rng), atMs, members, pace));
  }
  const rotten = faults.find(({ kind }) => kind === 'bit-rot');
  if (!rotten) return faults;
  // A disk that has lied is never used again: the others must remain a quorum.
  return faults.filter((fault) => fault === rotten || !costsMembers.has(fault.kind));
}

function drawFault(
  rng: Rng,
  kind: DrawnKind,
  atMs: number,
  members: number,
  { lastsMs, distance }: Pace,
): Fault {
  const target: Target = rng.int(2) === 0 ? 'leader' : rng.int(members + 2);
  const forMs = between(rng, 5, lastsMs);
  switch (kind) {
    case 'kill':
    case 'power':
    case 'pause':
    case 'full-disk':
    case 'bit-rot':
      return { atMs, kind, target, forMs };
    case 'power-all':
    case 'kill-all':
      return { atMs, kind, forMs };
    case 'die-writing':
      return { atMs, kind, target, power: rng.int(3) > 0, forMs };
    case 'die-sending':
      return { atMs, kind, target, messages: 1 + rng.int(12), forMs };
    case 'isolate':
      return { atMs, kind, target, direction: pick(rng, ['in', 'out', 'both', 'both']), forMs };
    case 'partition':
      return { atMs, kind, sides: 1 + rng.int(2 ** 7 - 1), oneWay: rng.int(4) === 0, forMs };
    case 'weather':
      return { atMs, kind, weather: drawWeather(rng, distance, false), forMs };
    case 'slow-disk':
      return { atMs, kind, target, factor: pick(rng, [10, 50, 300]), forMs };
    case 'jump':
      return { atMs, kind, target, byMs: rng.int(2_000_000) - 1_000_000 };
    case 'drift':
      return { atMs, kind, target, rate: 0.9 + rng.next() * 0.2, forMs };
    case 'slow-process':
      return { atMs, kind, target, lookMs: pick(rng, [0.5, 2, 10]), forMs };
    case 'snapshots':
      return { atMs, kind, how: pick(rng, ['broken', 'late', 'orphaned']), forMs };
    case 'reset': {
      if (rng.int(3) === 0) return { atMs, kind, target };
      return { atMs, kind, target, to: rng.int(2) === 0 ? 'leader' : rng.int(members) };
    }
    case 'transfer':
    case 'remove':
      return { atMs, kind, target };
    case 'add':
      return { atMs, kind, learner: rng.int(2) === 0 };
    case 'promote':
      return { atMs, kind };
    default:
      return assertNever(kind, 'kind');
  }
}

function drawClients(
  rng: Rng,
  pace: Pick<Pace, 'requestMs'>,
  safetyMs: number,
  always: readonly StepKind[] = [],
): Step[][] {
  const paceMs = pick(rng, pace.requestMs);
  return Array.from({ length: 2 + rng.int(4) }, () => {
    const kindOf = halfOf(rng, stepWeights, always);
    const steps: Step[] = [];
    for (let spentMs = 0; spentMs < safetyMs && steps.length < 400; ) {
      const afterMs = rng.int(2 * paceMs);
      spentMs += afterMs;
      steps.push({ afterMs, kind: kindOf(rng), pick: rng.int(1000) });
    }
    return steps;
  });
}
