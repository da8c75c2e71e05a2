import { createRng } from '#shared/base';
import { drawClients } from './draw-clients.ts';
import { drawFaults, drawWeather } from './draw-faults.ts';
import { paces } from './paces.ts';
import { withExtras } from './extras.ts';
import { pick, weighted } from './pickers.ts';
import type { Plan } from './plan.ts';
import {
  asFarBehind,
  asFigureEight,
  asGrowth,
  asLateAnswers,
  asLostElections,
  asTwiceDead,
} from './schedules.ts';

export interface DrawOptions {
  /** Default: drawn. */
  readonly members?: number | undefined;
}

/**
 * What happens under a seed. Each seed has only some kinds of faults and of requests (swarm testing):
 * those that are always there would hide what needs them to be absent.
 */
export function drawPlan(seed: number, options: DrawOptions = {}): Plan {
  return withExtras(drawBasis(seed, options));
}

function drawBasis(seed: number, options: DrawOptions): Plan {
  const rng = createRng(seed);
  const members = options.members ?? pick(rng, [3, 3, 3, 3, 3, 5, 1]);
  const pace = weighted(rng, paces);
  const safetyMs = pick(rng, pace.safetyMs);
  const manySnapshots = rng.int(2) === 0;
  const heartbeatMs = pace.electionMs / 10;
  const plan = {
    seed,
    pace: pace.name,
    members,
    tickMs: heartbeatMs / pick(rng, [1, 1, 2, 2, 2, 10]),
    heartbeatMs,
    electionMs: pace.electionMs,
    strictReconfigCheck: pace.strict,
    maxMessageBytes: pick(rng, [512 << 10, 1]),
    snapshotCount: manySnapshots ? 1 + rng.int(30) : 10_000,
    snapshotCatchUpEntries: manySnapshots ? rng.int(20) : 5000,
    syncMs: pick(rng, pace.syncMs),
    weather: drawWeather(rng, pace.distance, rng.int(2) === 0),
    safetyMs,
    faults: drawFaults(rng, pace, safetyMs, members),
    clients: drawClients(rng, pace, safetyMs),
  };
  if (rng.int(12) === 0) return asGrowth(plan, rng);
  if (rng.int(12) === 0 && members > 1) return asFarBehind(plan, rng);
  if (rng.int(20) === 0 && members > 1) return asLostElections(plan, rng);
  if (rng.int(8) === 0 && members > 1) return asFigureEight(plan, rng);
  if (rng.int(12) === 0 && members > 1) return asLateAnswers(plan, rng);
  return rng.int(12) === 0 ? asTwiceDead(plan, rng) : plan;
}
