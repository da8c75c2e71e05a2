import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { propagations, workloads } from '../users/ways.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { pickWhere } from './wanted.ts';

const safetyMs = 28_000;

/**
 * Workloads that go and leave behind what they made, and come again under their names: what is left is taken in by
 * whoever selects it, and must not go with an owner that is only remembered. Or a Deployment that takes all along, to
 * the last pod, and comes again.
 */
export function asOrphans(plan: ControlPlan, rng: Rng): ControlPlan {
  const rest = {
    ...undisturbed(plan, safetyMs),
    nodes: 2,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300, 1000]),
  };
  const clients = [
    comings(rng, 'deployment', 'deployments', 'orphan'),
    comings(rng, 'statefulset', 'statefulsets', 'orphan'),
    comings(rng, 'daemonset', 'daemonsets', 'orphan'),
  ];
  const taken = comings(rng, 'deployment', 'deployments', 'foreground');
  return { ...rest, clients: rng.int(3) > 0 ? clients : [taken] };
}

/** Always the same one. */
function comings(
  rng: Rng,
  kind: 'deployment' | 'statefulset' | 'daemonset',
  resource: string,
  propagation: (typeof propagations)[number],
): UserStep[] {
  const made = rng.int(1000);
  const left = pickWhere(rng, (one) => {
    const way = Math.floor(one / workloads.length) % propagations.length;
    const { resource: deleted } = workloads[one % workloads.length] ?? {};
    return deleted === resource && propagations[way] === propagation;
  });
  const come = (): UserStep => ({ afterMs: 100 + rng.int(1500), kind, pick: made });
  const round = (): UserStep[] => [
    come(),
    { afterMs: 2000 + rng.int(2500), kind: 'delete-workload', pick: left },
  ];
  return [...Array.from({ length: 6 }, round).flat(), come()];
}
