import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import type { ControlFault, ControlPlan, UserStep, UserStepKind } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { picks } from './wanted.ts';

const safetyMs = 40_000;

const first: readonly UserStepKind[] = ['vault', 'claim-user', 'claim-user'];
const changes: readonly UserStepKind[] = [
  'vault',
  'scale-vault',
  'scale-vault',
  'claim-user',
  'claim',
  'delete-claim',
  'renew-claim',
  'retain',
  'delete-volume',
  'delete-pod',
  'delete-workload',
  'evict',
  'drain',
  'uncordon',
];

/** Pods that have volumes, and claims that come and go; nothing else happens, or controllers and agents die. */
export function asStorage(plan: ControlPlan, rng: Rng): ControlPlan {
  const nodes = pick(rng, [1, 2, 3]);
  return {
    ...undisturbed(plan, safetyMs),
    volumes: true,
    nodes,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300, 1000]),
    faults: rng.int(3) === 0 ? [] : troubles(rng, nodes),
    clients: [
      [...first.map((kind) => step(rng, kind, 600)), ...steps(rng, changes, 20, 3000)],
      steps(rng, changes, 14, 4000),
    ],
  };
}

const troubles = (rng: Rng, nodes: number): ControlFault[] =>
  [5000, 12_000, 19_000, 26_000, 33_000].map((atMs): ControlFault => {
    const forMs = 300 + rng.int(4000);
    switch (rng.int(4)) {
      case 0:
        return { atMs, kind: 'agent-kill', node: rng.int(nodes), forMs };
      case 1:
        return { atMs, kind: 'node-isolate', node: rng.int(nodes), direction: 'both', forMs };
      case 2:
        return { atMs, kind: 'flaky', machine: 'all', forMs };
      default:
        return { atMs, kind: 'store', fault: { atMs, kind: 'kill', target: 'leader', forMs } };
    }
  });

/** In one seed of six there is some of it, whatever else happens there. */
export function withStorage(plan: ControlPlan, rng: Rng): ControlPlan {
  if (rng.int(6) > 0) return plan;
  return {
    ...plan,
    volumes: true,
    clients: plan.clients.map((all) =>
      all.map((one, i) => (i > 1 && rng.int(6) === 0 ? { ...one, kind: pick(rng, own) } : one)),
    ),
  };
}

const own = [...first, ...changes.slice(0, 9)];

const step = (rng: Rng, kind: UserStepKind, withinMs: number): UserStep => ({
  afterMs: rng.int(withinMs),
  kind,
  pick: rng.int(picks),
});

const steps = (rng: Rng, of: readonly UserStepKind[], count: number, withinMs: number) =>
  Array.from({ length: count }, () => step(rng, pick(rng, of), withinMs));
