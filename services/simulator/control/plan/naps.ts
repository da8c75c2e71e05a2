import type { Rng } from '#shared/base';
import type { ControlPlan } from './plan.ts';
import { undisturbed } from './undisturbed.ts';

const safetyMs = 30_000;

/** As drawn, but that controller managers sleep now and then, for less than their lease: nodes go on meanwhile. */
export function asNaps(plan: ControlPlan, rng: Rng): ControlPlan {
  const components = 2;
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 3,
    components,
    leaseSeconds: 5,
    nodeGraceMs: 2500,
    watchLagMs: 20,
    faults: Array.from({ length: 10 }, (_, i) => ({
      atMs: 4000 + 2500 * i + rng.int(500),
      kind: 'component-pause' as const,
      // They come after the schedulers.
      component: components + (i % components),
      forMs: 3000 + rng.int(1000),
    })),
  };
}
