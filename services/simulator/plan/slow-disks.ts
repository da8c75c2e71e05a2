import type { Rng } from '#shared/base';
import { drawRoles } from './draw-clients.ts';
import { electing } from './electing.ts';
import { pick } from './pickers.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 5;
const electionMs = 200;

/**
 * Two disks take longer for a write than elections take: votes of several terms, entries and those that
 * replace them, and changes of the membership that are committed elsewhere wait for them together.
 */
export function asSlowDisks(plan: Plan, rng: Rng): Plan {
  const safetyMs = 10_000;
  const roles = [{ put: 8, swap: 2, txn: 2, get: 2 }];
  return {
    ...asFigureEight(plan, rng),
    pace: 'slow disks',
    members,
    ...electing(electionMs),
    maxMessageBytes: pick(rng, [512 << 10, 1]),
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawSlowDisks(rng, safetyMs),
    clients: drawRoles(rng, roles, members, 60, safetyMs),
  };
}

function drawSlowDisks(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 6 * electionMs; atMs < safetyMs; atMs += 12 * electionMs) {
    const [leader, slow] = [rng.int(members), 1 + rng.int(members - 1)];
    const target = (leader + slow) % members;
    const other = (target + 1 + rng.int(members - 1)) % members;
    const forMs = 6 * electionMs;
    const factor = pick(rng, [100, 300, 600]);
    faults.push({ atMs: atMs - 2 * electionMs, kind: 'transfer', target: leader });
    const schedule = pick(rng, [handsOver, partsWays, partsWays, changes]);
    // Where ways part, the others must be quick to go on.
    const slowDisks = schedule === partsWays ? [target] : [target, other];
    for (const each of slowDisks) {
      faults.push({ atMs, kind: 'slow-disk', target: each, factor, forMs });
    }
    faults.push(...schedule(rng, atMs + 20, leader, target));
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** One leader after the other, each in a term of its own. */
function handsOver(rng: Rng, atMs: number, leader: number): Fault[] {
  return Array.from({ length: 8 }, (_, i) => ({
    atMs: atMs + i * (15 + rng.int(40)),
    kind: 'transfer' as const,
    target: (leader + 1 + i) % members,
  }));
}

/** What the leader writes reaches only one, whose disk is slow; the others go on without them. */
function partsWays(rng: Rng, atMs: number, leader: number, slow: number): Fault[] {
  const sides = (1 << leader) | (1 << slow);
  const forMs = Math.round(electionMs * (1.5 + 2 * rng.next()));
  return [{ atMs, kind: 'partition', sides, oneWay: false, forMs }];
}

/** A member is asked for, and moments later the leader dies. */
function changes(rng: Rng, atMs: number): Fault[] {
  const deadMs = atMs + 5 + rng.int(60);
  return [
    { atMs, kind: 'add', learner: rng.int(2) === 0 },
    { atMs: deadMs, kind: 'kill', target: 'leader', forMs: 4 * electionMs },
    { atMs: atMs + 9 * electionMs, kind: 'remove', target: 'newest' },
  ];
}
