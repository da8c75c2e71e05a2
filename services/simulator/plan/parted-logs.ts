import type { Rng } from '#shared/base';
import { electing } from './electing.ts';
import { pick } from './pickers.ts';
import type { Fault, Plan } from './plan.ts';
import { asFigureEight } from './schedules.ts';
import { writersAtFirst } from './stranded.ts';

const members = 3;
const electionMs = 200;

/**
 * One member has led, and comes back with entries that nobody else will ever have. Before it is sent what the
 * others have instead, who leads them is gone too: there is an election among logs that part.
 */
export function asPartedLogs(plan: Plan, rng: Rng): Plan {
  const safetyMs = 10_000;
  return {
    ...asFigureEight(plan, rng),
    pace: 'parted logs',
    members,
    ...electing(electionMs),
    maxMessageBytes: pick(rng, [512 << 10, 1]),
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    // What is missing comes from the log.
    snapshotCount: 10_000,
    snapshotCatchUpEntries: 5000,
    safetyMs,
    faults: drawPartedLogs(rng, safetyMs),
    clients: writersAtFirst(rng, safetyMs, { get: 12, put: rng.int(4) }),
  };
}

function drawPartedLogs(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 5 * electionMs; atMs < safetyMs; atMs += 14 * electionMs) {
    const backMs = atMs + Math.round(electionMs * (2.5 + 2 * rng.next()));
    const goneMs = backMs + 2 + rng.int(electionMs);
    const forMs = electionMs * (3 + rng.int(3));
    faults.push(
      { atMs: atMs - 2 * electionMs, kind: 'transfer', target: 0 },
      { atMs, kind: 'isolate', target: 0, direction: 'both', forMs: backMs - atMs },
    );
    // It hears who leads, and gets nothing.
    if (rng.int(4) > 0)
      faults.push({ atMs: backMs - 1, kind: 'black-hole', forMs: goneMs - backMs + rng.int(900) });
    faults.push(
      pick<Fault>(rng, [
        { atMs: goneMs, kind: 'kill', target: 'leader', forMs },
        { atMs: goneMs, kind: 'pause', target: 'leader', forMs },
        { atMs: goneMs, kind: 'isolate', target: 'leader', direction: 'both', forMs },
      ]),
    );
  }
  return faults;
}
