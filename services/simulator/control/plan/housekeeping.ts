import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import type { ControlFault, ControlPlan, UserStep, UserStepKind } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { picks } from './wanted.ts';

const safetyMs = 40_000;

const house: readonly UserStepKind[] = ['default-object', 'role', 'role', 'pod-quota'];
const made: readonly UserStepKind[] = ['deployment', 'job', 'service', 'service', 'namespace'];
const changes: readonly UserStepKind[] = [
  ...made,
  'pod-quota',
  'scale',
  'delete-pod',
  'relabel',
  'evict',
  'quota',
  'cordon',
  'cordon',
  'uncordon',
  'delete-namespace',
];

/**
 * What keeps house is kept busy: accounts, authorities, sums of roles, counts. Nothing fails, or servers
 * sleep longer than they are taken to be there, and agents come again to nodes that are cordoned.
 */
export function asHousekeeping(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    published: true,
    nodes: 2,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300]),
    faults: rng.int(2) === 0 ? [] : troubles(rng, plan.store.members),
    clients: [
      [...steps(rng, made, 5, 800), ...steps(rng, changes, 20, 2500)],
      [{ afterMs: 3000, kind: 'pod-quota', pick: 7 }, ...steps(rng, house, 25, 2500)],
    ],
  };
}

function troubles(rng: Rng, members: number): ControlFault[] {
  const deaths = [6000, 13_000, 20_000, 27_000].map(
    (atMs): ControlFault => ({ atMs, kind: 'agent-kill', node: rng.int(2), forMs: 800 }),
  );
  const target = rng.int(members);
  const sleep = { atMs: 8000, kind: 'pause', target, forMs: 19_000 } as const;
  return members === 1 ? deaths : [...deaths, { atMs: 8000, kind: 'store', fault: sleep }];
}

/** In one seed of four there is some of it, whatever else happens there. */
export function withHousekeeping(plan: ControlPlan, rng: Rng): ControlPlan {
  if (rng.int(4) > 0) return plan;
  return {
    ...plan,
    published: true,
    clients: plan.clients.map((all) =>
      all.map((one, i) => (i > 1 && rng.int(8) === 0 ? { ...one, kind: pick(rng, house) } : one)),
    ),
  };
}

const steps = (rng: Rng, of: readonly UserStepKind[], count: number, withinMs: number) =>
  Array.from(
    { length: count },
    (): UserStep => ({ afterMs: rng.int(withinMs), kind: pick(rng, of), pick: rng.int(picks) }),
  );
