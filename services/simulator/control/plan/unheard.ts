import type { Deployment } from '#shared/api';
import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { apps } from '../users/extras.ts';
import { deployment } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { components, flaky, schedulers } from './schedulers.ts';
import { undisturbed } from './undisturbed.ts';
import { asksForMuch, isPlain, pickWhere } from './wanted.ts';

const safetyMs = 30_000;

/**
 * More pods than there is room for, and schedulers that often do not hear what became of a binding, and see later
 * than they try again what others see: what they do not know for sure, they must not count on.
 */
export function asUnheard(plan: ControlPlan, rng: Rng): ControlPlan {
  const nodes = pick(rng, [1, 2]);
  return {
    ...undisturbed(plan, safetyMs),
    nodes,
    cpus: 1,
    components,
    watchLagMs: 3000,
    // Nodes are heard of as late as that.
    nodeGraceMs: 10_000,
    faults: schedulers(nodes).map((machine) => flaky(machine, safetyMs)),
    clients: [0, 1].map((app) => waves(rng, app)),
  };
}

/** Pods come in numbers, wait, and go again. */
function waves(rng: Rng, app: number): UserStep[] {
  const made = pickWhere(
    rng,
    (one) => one % apps.length === app && isLarge(deployment(apps[app] ?? '', one)),
  );
  // A pick is odd where its application's number is, and so is the size.
  const sizes = app % 2 === 0 ? [2, 4] : [1, 5];
  const scale = (replicas: number | undefined): UserStep => ({
    afterMs: 500 + rng.int(2500),
    kind: 'scale',
    pick: pickWhere(rng, (one) => one % 4 === app && one % 6 === replicas && one % 3 > 0),
  });
  return [
    { afterMs: 500, kind: 'deployment', pick: made },
    ...Array.from({ length: 12 }, (_, i) => scale(sizes[i % 2])),
  ];
}

function isLarge({ spec }: Deployment): boolean {
  const pods = spec?.template?.spec ?? {};
  return asksForMuch(pods) && isPlain(pods);
}
