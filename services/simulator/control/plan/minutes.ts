import type { Rng } from '#shared/base';
import { cronJob } from '../users/manifests.ts';
import { apps } from '../users/extras.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { pickWhere } from './wanted.ts';

const safetyMs = 200_000;

/** Three minutes of CronJobs, one for each policy and one that rests; some of their Jobs are told to wait. */
export function asMinutes(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 1,
    cpus: 4,
    watchLagMs: 20,
    clients: [crons(rng), waits(rng)],
  };
}

const kinds = [
  { concurrencyPolicy: 'Allow', suspend: false },
  { concurrencyPolicy: 'Forbid', suspend: false },
  { concurrencyPolicy: 'Replace', suspend: false },
  { concurrencyPolicy: 'Allow', suspend: true },
];

/** Each under a name of its own. */
const crons = (rng: Rng): UserStep[] =>
  kinds.map((kind, i) => ({
    afterMs: 500,
    kind: 'cronjob',
    pick: pickWhere(rng, (one) => {
      const { concurrencyPolicy, suspend } = cronJob('', one).spec ?? {};
      // One pick in four deletes.
      const isMade = Math.floor(one / 4) % 4 > 0;
      return (
        isMade &&
        one % apps.length === i &&
        concurrencyPolicy === kind.concurrencyPolicy &&
        suspend === kind.suspend
      );
    }),
  }));

/** For good: Jobs of those that must not run beside themselves as well. */
const waits = (rng: Rng): UserStep[] =>
  Array.from({ length: 60 }, () => ({
    afterMs: 2000 + rng.int(2000),
    kind: 'suspend',
    pick: pickWhere(rng, (one) => one % 3 > 0),
  }));
