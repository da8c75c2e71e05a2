import type { Rng } from '#shared/base';
import type { Pace } from './paces.ts';
import { halfOf, pick, swarm } from './pickers.ts';
import type { Step, StepKind } from './plan.ts';

const stepWeights: Readonly<Partial<Record<StepKind, number>>> = {
  put: 20,
  'put-prev': 4,
  'put-large': 2,
  get: 12,
  'get-part': 4,
  compare: 6,
  list: 4,
  'get-serializable': 3,
  'get-past': 2,
  query: 5,
  delete: 5,
  'delete-all': 1,
  swap: 10,
  txn: 5,
  grant: 2,
  'put-leased': 4,
  'keep-alive': 5,
  'keep-others': 3,
  'time-left': 3,
  revoke: 1,
  compact: 1,
  watch: 4,
  'watch-part': 2,
  'watch-slow': 2,
  unwatch: 2,
  move: 3,
};

export function drawClients(rng: Rng, pace: Pick<Pace, 'requestMs'>, safetyMs: number): Step[][] {
  const paceMs = pick(rng, pace.requestMs);
  return Array.from({ length: 2 + rng.int(4) }, () =>
    drawSteps(rng, halfOf(rng, stepWeights), paceMs, safetyMs),
  );
}

/** How often a client makes requests of each kind; one element for each client of a member. */
export type Roles = readonly Readonly<Partial<Record<StepKind, number>>>[];

export function drawRoles(
  rng: Rng,
  roles: Roles,
  members: number,
  paceMs: number,
  safetyMs: number,
): Step[][] {
  return roles.flatMap((weights) =>
    Array.from({ length: members }, () =>
      drawSteps(
        rng,
        swarm<StepKind>(weights, () => true),
        paceMs,
        safetyMs,
      ),
    ),
  );
}

function drawSteps(
  rng: Rng,
  kindOf: (rng: Rng) => StepKind,
  paceMs: number,
  safetyMs: number,
): Step[] {
  const steps: Step[] = [];
  for (let spentMs = 0; spentMs < safetyMs && steps.length < 400; ) {
    const afterMs = rng.int(2 * paceMs);
    spentMs += afterMs;
    steps.push({ afterMs, kind: kindOf(rng), pick: rng.int(1000) });
  }
  return steps;
}
