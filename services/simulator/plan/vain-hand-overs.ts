import type { Rng } from '#shared/base';
import { drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 3;
const electionMs = 1000;

const roles: Roles = [
  { grant: 3, 'put-leased': 2, 'keep-alive': 1 },
  { put: 4, get: 2, swap: 1, 'time-left': 1 },
];

/**
 * A leader hands over to somebody who does not hear it, and leads on: what it could not take meanwhile must
 * be taken afterwards, for no other leader will ever make up for it. Leases end all the time.
 */
export function asVainHandOvers(plan: Plan, rng: Rng): Plan {
  const safetyMs = 30_000;
  return {
    ...asFigureEight(plan, rng),
    pace: 'vain hand-overs',
    members,
    ...electing(electionMs),
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawVainHandOvers(rng, safetyMs),
    clients: drawRoles(rng, roles, members, 400, safetyMs),
  };
}

function drawVainHandOvers(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [{ atMs: 2500, kind: 'transfer', target: 0 }];
  for (let atMs = 4500; atMs < safetyMs; atMs += 2500 + rng.int(1500)) {
    const target = 1 + rng.int(members - 1);
    faults.push(
      { atMs, kind: 'isolate', target, direction: 'both', forMs: 1500 },
      { atMs: atMs + 50, kind: 'transfer', target },
    );
  }
  return faults;
}
