import type { Rng } from '#shared/base';
import { drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 3;
const electionMs = 1000;

const roles: Roles = [
  { put: 8, swap: 2, txn: 2, delete: 1 },
  { put: 6, get: 3, 'put-prev': 1 },
];

/**
 * Somebody misses a little, gets it from the log, and is slow to apply it; meanwhile it misses more than logs
 * keep, and gets the whole state before it is done: that has all in it which still waits.
 */
export function asTwiceBehind(plan: Plan, rng: Rng): Plan {
  const safetyMs = 16_000;
  return {
    ...asFigureEight(plan, rng),
    pace: 'twice behind',
    members,
    ...electing(electionMs),
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    snapshotCount: 1 + rng.int(8),
    snapshotCatchUpEntries: 120 + rng.int(20),
    safetyMs,
    faults: drawTwiceBehind(rng, safetyMs),
    clients: drawRoles(rng, roles, members, 20, safetyMs),
  };
}

function drawTwiceBehind(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 2500; atMs < safetyMs; atMs += 6500) {
    const target = rng.int(members);
    const away = { kind: 'isolate', target, direction: 'both' } as const;
    const lookMs = 10 + rng.int(20);
    const backMs = atMs + 700 + rng.int(200);
    faults.push(
      { atMs: atMs - 500, kind: 'transfer', target: (target + 1) % members },
      { ...away, atMs, forMs: backMs - atMs },
      { kind: 'slow-process', atMs: backMs - 5, target, lookMs, forMs: 5000 },
      { ...away, atMs: backMs + 100 + rng.int(200), forMs: 1200 + rng.int(500) },
    );
  }
  return faults;
}
