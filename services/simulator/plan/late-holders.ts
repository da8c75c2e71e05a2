import type { Rng } from '#shared/base';
import { drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 3;
const electionMs = 200;

/** Little is written: what a leader appends is mostly the end of a lease. */
const roles: Roles = [
  { grant: 1, 'keep-alive': 9, 'put-leased': 1 },
  { grant: 1, 'keep-alive': 5 },
  { 'keep-others': 4, 'time-left': 1, move: 1 },
];

/**
 * Leases whose holders come as their time is over, and leaders that are cut off with what they have just
 * decided: for the next leader such a lease lives.
 */
export function asLateHolders(plan: Plan, rng: Rng): Plan {
  const safetyMs = 25_000;
  return {
    ...asFigureEight(plan, rng),
    pace: 'late holders',
    members,
    ...electing(electionMs),
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawLateHolders(rng, safetyMs),
    clients: drawRoles(rng, roles, members, 200, safetyMs),
  };
}

function drawLateHolders(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 2500; atMs < safetyMs; atMs += electionMs * (8 + rng.int(8))) {
    const forMs = electionMs * (2 + rng.int(5));
    faults.push({ atMs, kind: 'cut-at-entry', target: 'leader', forMs });
  }
  return faults;
}
