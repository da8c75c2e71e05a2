import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { statefulSet } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { isPlain, pickWhere } from './wanted.ts';

const safetyMs = 28_000;

/** A StatefulSet whose template changes again and again for a part of its pods, and users who delete pods of either part. */
export function asPartitions(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 2,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300]),
    clients: [updates(rng), deletions(rng)],
  };
}

function updates(rng: Rng): UserStep[] {
  const made = pickWhere(rng, (one) => {
    const { replicas = 0, updateStrategy, template } = statefulSet('', one).spec ?? {};
    const { partition = 0 } = updateStrategy?.rollingUpdate ?? {};
    return one % 4 === 0 && partition > 0 && replicas > 1 && isPlain(template?.spec ?? {});
  });
  return [
    { afterMs: 500, kind: 'statefulset', pick: made },
    ...Array.from({ length: 4 }, (_, i) => ({
      afterMs: 4000 + rng.int(2000),
      kind: 'restart' as const,
      // Of a StatefulSet, and of this one.
      pick: 12 * (i + 1),
    })),
  ];
}

const deletions = (rng: Rng): UserStep[] =>
  Array.from({ length: 7 }, () => ({
    afterMs: 2500 + rng.int(2500),
    kind: 'delete-pod',
    pick: rng.int(1000),
  }));
