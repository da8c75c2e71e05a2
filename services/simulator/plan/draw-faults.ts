import { assertNever, type Rng } from '#shared/base';
import type { Weather } from '../world/network.ts';
import type { DrawnKind, Pace } from './paces.ts';
import { halfOf, pick } from './pickers.ts';
import type { Fault, FaultKind, Target } from './plan.ts';

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

const costsMembers: ReadonlySet<FaultKind> = new Set(['bit-rot', 'add', 'promote', 'remove']);

export function drawFaults(rng: Rng, pace: Pace, safetyMs: number, members: number): Fault[] {
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

export function drawWeather(rng: Rng, distance: number, fair: boolean): Weather {
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

function between(rng: Rng, low: number, high: number): number {
  return Math.round(low + rng.next() ** 2 * (high - low));
}
