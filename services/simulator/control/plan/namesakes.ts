import type { Rng } from '#shared/base';
import { statefulSet } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { components, flaky, late, schedulers } from './schedulers.ts';
import { undisturbed } from './undisturbed.ts';
import { isPlain, pickWhere } from './wanted.ts';

const safetyMs = 25_000;

/**
 * Pods that are gone, and there again under the same name, before their scheduler hears what became of the binding of
 * the first of them.
 */
export function asNamesakes(plan: ControlPlan, rng: Rng): ControlPlan {
  const nodes = 1;
  return {
    ...undisturbed(plan, safetyMs),
    nodes,
    cpus: 4,
    components,
    // A renewal may take as long as any other answer.
    leaseSeconds: 5,
    watchLagMs: 0,
    faults: schedulers(nodes).flatMap((machine) => [
      flaky(machine, safetyMs),
      late(machine, safetyMs),
    ]),
    clients: [removals(rng)],
  };
}

function removals(rng: Rng): UserStep[] {
  const made = pickWhere(rng, (one) => {
    const { replicas = 0, template } = statefulSet('', one).spec ?? {};
    // Whose pods do not wait for each other.
    return one % 4 === 1 && replicas > 1 && isPlain(template?.spec ?? {});
  });
  return [
    { afterMs: 500, kind: 'statefulset', pick: made },
    ...Array.from({ length: 60 }, () => ({
      afterMs: 100 + rng.int(500),
      kind: 'force-delete' as const,
      pick: rng.int(1000),
    })),
  ];
}
