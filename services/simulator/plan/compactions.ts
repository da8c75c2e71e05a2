import type { Rng } from '#shared/base';
import { drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import { pick } from './pickers.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

/** What is written soon goes again, and somebody reads and watches what is about to. */
const roles: Roles = [
  { put: 6, 'put-large': 1, txn: 3, delete: 3, 'delete-all': 1, grant: 1, 'put-leased': 2 },
  { put: 3, compact: 3, 'get-past': 2, query: 2, 'watch-part': 2, move: 1 },
];

/**
 * History goes as soon as it was made, a few keys at a time, and the log with it; and members die in
 * the middle of that: what has been begun is gone on with by whoever comes back.
 */
export function asCompactions(plan: Plan, rng: Rng): Plan {
  const safetyMs = 12_000;
  const electionMs = 300;
  const members = 3;
  return {
    ...asFigureEight(plan, rng),
    pace: 'compactions',
    members,
    ...electing(electionMs),
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: pick(rng, [
      [0.3, 2],
      [5, 30],
    ]),
    snapshotCount: 1,
    snapshotCatchUpEntries: rng.int(30),
    store: { ...plan.store, compactionBatchLimit: 1 + rng.int(2) },
    safetyMs,
    faults: drawDeaths(rng, safetyMs, members),
    clients: drawRoles(rng, roles, members, pick(rng, [30, 80]), safetyMs),
  };
}

/** One at a time, or all at once. */
function drawDeaths(rng: Rng, safetyMs: number, members: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 1500; atMs < safetyMs; atMs += 200 + rng.int(800)) {
    const forMs = 20 + rng.int(300);
    const target = rng.int(members);
    faults.push(
      pick<Fault>(rng, [
        { atMs, kind: 'kill', target, forMs },
        { atMs, kind: 'power', target, forMs },
        { atMs, kind: 'die-writing', target, power: true, forMs },
        { atMs, kind: 'power-all', forMs },
      ]),
    );
  }
  return faults;
}
