import type { Rng } from '#shared/base';
import { drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import { pick } from './pickers.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 3;
const electionMs = 1000;

const roles: Roles = [
  { put: 6, txn: 2, delete: 1, swap: 1 },
  { 'watch-stream': 6, 'watch-slow': 2, unwatch: 2, get: 1 },
  { 'watch-stream': 3, 'watch-part': 2, unwatch: 1, move: 1 },
];

const compactors: Roles = [{ compact: 1, get: 2 }];

/**
 * Much is written, and watches are behind: their members are slow, and read them little of the history at a
 * time, or their readers are. Meanwhile they ask, and are told, how far they are. In half of these plans
 * history is compacted, as slowly, and digests are compared before all members are done with that.
 */
export function asLateWatches(plan: Plan, rng: Rng): Plan {
  const safetyMs = 12_000;
  const compacts = rng.int(2) === 0;
  const digests = { compactionBatchLimit: 1, corruptCheckMs: 200, compactHashCheckMs: 100 };
  const slices = { syncEvents: 1 + rng.int(3), watchProgressNotifyMs: 100 };
  return {
    ...asFigureEight(plan, rng),
    pace: 'late watches',
    members,
    ...electing(electionMs),
    tickMs: 10,
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    store: { ...plan.store, ...slices, ...(compacts && digests) },
    safetyMs,
    faults: drawLateWatches(rng, safetyMs),
    clients: drawRoles(
      rng,
      compacts ? [...roles, ...compactors] : roles,
      members,
      pick(rng, [60, 150]),
      safetyMs,
    ),
  };
}

function drawLateWatches(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 2500; atMs < safetyMs; atMs += 1500 + rng.int(2000)) {
    const target = rng.int(members);
    const lookMs = pick(rng, [5, 10, 20]);
    faults.push({ atMs, kind: 'slow-process', target, lookMs, forMs: 700 + rng.int(1500) });
    if (rng.int(4) > 0) continue;
    const forMs = 200 + rng.int(600);
    faults.push({ atMs: atMs + 300, kind: 'isolate', target, direction: 'both', forMs });
  }
  return faults;
}
