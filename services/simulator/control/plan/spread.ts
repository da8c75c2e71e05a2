import type { PodSpec } from '#shared/api';
import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { apps } from '../users/extras.ts';
import { deployment } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { isPlain, pickWhere } from './wanted.ts';

const safetyMs = 20_000;

/** Pods that are to be spread over nodes which others fill up unevenly. */
export function asSpread(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: pick(rng, [2, 3]),
    cpus: 1,
    watchLagMs: pick(rng, [0, 20, 300]),
    clients: [
      changing(rng, 0, isPlain),
      changing(
        rng,
        1,
        ({ topologySpreadConstraints, ...rest }) =>
          topologySpreadConstraints !== undefined && isPlain(rest),
      ),
    ],
  };
}

function changing(
  rng: Rng,
  app: number,
  isWanted: (spec: Partial<PodSpec>) => boolean,
): UserStep[] {
  const made = pickWhere(rng, (one) => {
    const { spec } = deployment(apps[app] ?? '', one).spec?.template ?? {};
    const large = spec?.containers[0]?.resources?.requests?.['cpu'] !== '100m';
    return one % apps.length === app && large && isWanted(spec ?? {});
  });
  // A pick is odd where its application's number is, and so is the size.
  const sizes = app % 2 === 0 ? [2, 4] : [1, 5];
  return [
    { afterMs: 500, kind: 'deployment', pick: made },
    ...Array.from({ length: 8 }, (): UserStep => {
      const replicas = pick(rng, sizes);
      const to = pickWhere(rng, (one) => one % 4 === app && one % 6 === replicas && one % 3 > 0);
      return { afterMs: 500 + rng.int(2500), kind: 'scale', pick: to };
    }),
  ];
}
