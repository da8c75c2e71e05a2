import type { Rng } from '#shared/base';
import { drawRoles } from './draw-clients.ts';
import { electing } from './electing.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 3;
const writers = 7;

/**
 * One member leads, takes much that nobody else hears of, and comes back when the others have gone on
 * for a few entries only, and have dropped them from their logs: it gets a state that ends before its
 * own log does.
 */
export function asStranded(plan: Plan, rng: Rng): Plan {
  const safetyMs = 8000;
  const electionMs = 200;
  const draw = (weights: Parameters<typeof drawRoles>[1][number], everyMs: number) =>
    drawRoles(rng, [weights], writers, everyMs, safetyMs);
  const at0 = draw({ put: 8, swap: 2 }, 40);
  const elsewhere = [draw({ get: 12, put: rng.int(2) }, 300), draw({ get: 1 }, 600)];
  return {
    ...asFigureEight(plan, rng),
    pace: 'stranded',
    members,
    ...electing(electionMs),
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 2], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    snapshotCount: 1,
    snapshotCatchUpEntries: rng.int(2),
    safetyMs,
    faults: drawStranded(rng, safetyMs, electionMs),
    // Each begins at the member of its number.
    clients: at0.flatMap((steps, i) => [steps, ...elsewhere.map((all) => all[i] ?? [])]),
  };
}

function drawStranded(rng: Rng, safetyMs: number, electionMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 5 * electionMs; atMs < safetyMs; atMs += 9 * electionMs) {
    const forMs = electionMs * (1.6 + 2 * rng.next());
    faults.push(
      { atMs: atMs - 2 * electionMs, kind: 'transfer', target: 0 },
      { atMs, kind: 'isolate', target: 0, direction: 'both', forMs },
    );
  }
  return faults;
}
