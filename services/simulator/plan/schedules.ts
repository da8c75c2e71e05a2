import type { Rng } from '#shared/base';
import { drawClients, drawRoles, type Roles } from './draw-clients.ts';
import { electing } from './electing.ts';
import { drawFarBehind } from './far-behind.ts';
import { drawFigureEight } from './figure-eight.ts';
import { drawGrowth } from './growth.ts';
import { drawLateAnswers } from './late-answers.ts';
import { drawLostElections } from './lost-elections.ts';
import { stormy } from './paces.ts';
import { pick } from './pickers.ts';
import type { Plan } from './plan.ts';
import { drawTwiceDead } from './twice-dead.ts';

// Plans in which one schedule is carried out again and again, in the conditions that it needs.

/** In fair weather, with whatever the plan asks: what matters is when the cut comes. */
export function asGrowth(plan: Plan, rng: Rng): Plan {
  const pace = stormy();
  const safetyMs = 60_000;
  return {
    ...plan,
    pace: 'growth',
    members: pick(rng, [1, 2, 3, 3, 3, 4]),
    electionMs: 1000,
    heartbeatMs: 100,
    tickMs: 50,
    strictReconfigCheck: false,
    weather: { delayMs: [1, pick(rng, [5, 20])], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: pick(rng, [
      [0.3, 2],
      [1, 10],
    ]),
    safetyMs,
    faults: drawGrowth(rng, safetyMs),
    clients: drawClients(rng, pace, safetyMs),
  };
}

/** With logs that forget soon, and much to miss in little time. */
export function asFarBehind(plan: Plan, rng: Rng): Plan {
  const safetyMs = 6000 + rng.int(6000);
  return {
    ...asFigureEight(plan, rng),
    pace: 'far behind',
    maxMessageBytes: 512 << 10,
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: pick(rng, [
      [0.3, 2],
      [5, 30],
    ]),
    snapshotCount: 1 + rng.int(8),
    snapshotCatchUpEntries: rng.int(2) === 0 ? rng.int(4) : 15 + rng.int(20),
    safetyMs,
    faults: drawFarBehind(rng, safetyMs, plan.members),
    clients: drawClients(rng, { requestMs: [10, 20] }, safetyMs),
  };
}

/** What is large is torn more often than what fits into a sector. */
const diskRoles: Roles = [{ 'put-large': 1 }, { put: 4, 'put-large': 2, get: 2, txn: 2, swap: 2 }];

/** On disks that take their time, which is when somebody dies. */
export function asTwiceDead(plan: Plan, rng: Rng): Plan {
  const safetyMs = 20_000;
  return {
    ...asFigureEight(plan, rng),
    pace: 'twice dead',
    members: plan.members,
    weather: { delayMs: [0.5, 5], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [5, 40],
    safetyMs,
    faults: drawTwiceDead(rng, safetyMs, plan.members),
    clients: drawRoles(rng, diskRoles, plan.members, pick(rng, [30, 80, 200]), safetyMs),
  };
}

/** Nothing else happens: any other trouble would set free whoever is stuck. */
export function asLostElections(plan: Plan, rng: Rng): Plan {
  const safetyMs = 20_000 + rng.int(20_000);
  return {
    ...asFigureEight(plan, rng),
    pace: 'lost elections',
    weather: { delayMs: [0.5, 5], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawLostElections(rng, safetyMs),
  };
}

/** Who waits for a write that nobody will ever acknowledge asks nothing else. */
const leaderRoles: Roles = [
  { put: 8, swap: 4, delete: 2, grant: 6, 'put-leased': 4, revoke: 2 },
  { get: 8, list: 3 },
  { 'keep-others': 1 },
  { 'keep-others': 2, 'time-left': 2, get: 1 },
];

/** With much to read, to renew and to write while there are two that believe to lead. */
export function asLateAnswers(plan: Plan, rng: Rng): Plan {
  const safetyMs = 25_000;
  const electionMs = 200;
  return {
    ...asFigureEight(plan, rng),
    pace: 'late answers',
    ...electing(electionMs),
    weather: { delayMs: [0.5, 3], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [0.3, 2],
    safetyMs,
    faults: drawLateAnswers(rng, safetyMs, electionMs),
    clients: drawRoles(
      rng,
      leaderRoles,
      plan.members === 5 ? 5 : 3,
      pick(rng, [60, 400, 1500]),
      safetyMs,
    ),
  };
}

/** In good weather, on three members: what the schedule needs is rare enough. */
export function asFigureEight(plan: Plan, rng: Rng): Plan {
  const pace = stormy();
  const safetyMs = pick(rng, pace.safetyMs);
  const electionMs = 1000;
  const heartbeatMs = electionMs / 10;
  return {
    ...plan,
    pace: 'figure eight',
    members: plan.members === 5 ? 5 : 3,
    tickMs: heartbeatMs / 10,
    electionMs,
    heartbeatMs,
    maxMessageBytes: 1,
    weather: { delayMs: [1, 20], loss: 0, duplicate: 0, reorder: 0 },
    syncMs: [1, 10],
    safetyMs,
    faults: drawFigureEight(rng, safetyMs, electionMs),
    clients: drawClients(rng, pace, safetyMs),
  };
}
