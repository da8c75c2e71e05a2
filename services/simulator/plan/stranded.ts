import type { Rng } from '#shared/base';
import { drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import { pick } from './pickers.ts';
import type { Fault, Plan, Step } from './plan.ts';
import { asFigureEight } from './schedules.ts';

const members = 3;
const writers = 7;

/**
 * One member leads, takes much that nobody else hears of, and comes back when the others have gone on
 * for a few entries only, and have dropped them from their logs: it gets a state that ends before its
 * own log does, at times while that is still being written.
 */
export function asStranded(plan: Plan, rng: Rng): Plan {
  const safetyMs = 8000;
  const electionMs = 200;
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
    clients: writersAtFirst(rng, safetyMs, { get: 12, put: rng.int(2) }),
    faults: drawStranded(rng, safetyMs, electionMs),
  };
}

/** The first of three members is asked for much at once, the second for `elsewhere`, the third for next to nothing. */
export function writersAtFirst(rng: Rng, safetyMs: number, elsewhere: Roles[number]): Step[][] {
  const draw = (weights: Roles[number], everyMs: number) =>
    drawRoles(rng, [weights], writers, everyMs, safetyMs);
  const first = draw({ put: 8, swap: 2 }, 40);
  const others = [draw(elsewhere, 300), draw({ get: 1 }, 600)];
  // Each begins at the member of its number.
  return first.flatMap((steps, i) => [steps, ...others.map((all) => all[i] ?? [])]);
}

function drawStranded(rng: Rng, safetyMs: number, electionMs: number): Fault[] {
  const faults: Fault[] = [];
  const slow = rng.int(2) === 0;
  for (let atMs = 5 * electionMs; atMs < safetyMs; atMs += 9 * electionMs) {
    const forMs = electionMs * (1.6 + 2 * rng.next());
    faults.push(
      { atMs: atMs - 2 * electionMs, kind: 'transfer', target: 0 },
      { atMs, kind: 'isolate', target: 0, direction: 'both', forMs },
    );
    if (!slow) continue;
    const factor = pick(rng, [300, 600]);
    faults.push({ atMs: atMs - 20, kind: 'slow-disk', target: 0, factor, forMs: forMs + 200 });
  }
  if (rng.int(2) === 0) return faults;
  // It dies as it takes the state over, and comes back with that alone, or without it.
  const cuts = faults.filter(({ kind }) => kind === 'isolate');
  const deaths = cuts.map(({ atMs }): Fault => {
    const power = rng.int(2) === 0;
    return { atMs, kind: 'die-installing', target: 0, power, forMs: 20 + rng.int(100) };
  });
  return [...faults, ...deaths].sort((a, b) => a.atMs - b.atMs);
}
