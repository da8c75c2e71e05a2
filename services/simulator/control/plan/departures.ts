import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import type { ControlFault, ControlPlan, UserStep, UserStepKind } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { picks } from './wanted.ts';

const safetyMs = 28_000;

/**
 * Nodes that are deleted while their machines live, and at times one whose machine goes for good; beside
 * that, workloads come and change, and nothing else happens.
 */
export function asDepartures(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 3,
    cpus: pick(rng, [1, 2, 4]),
    watchLagMs: pick(rng, [0, 20, 300, 1000]),
    faults: rng.int(2) === 0 ? [] : [departure(rng, 3, 18_000)],
    clients: [
      [...made.map((kind) => step(rng, kind, 600)), ...steps(rng, changes, 14, 2500)],
      [{ afterMs: 4000, kind: 'delete-node', pick: rng.int(picks) }, ...deletions(rng)],
    ],
  };
}

/** One seed in six has some of it, whatever else happens there. */
export function withDepartures(plan: ControlPlan, rng: Rng): ControlPlan {
  if (rng.int(6) > 0) return plan;
  const { nodes, faults } = plan;
  const goes = nodes > 1 && faults.length > 0 && rng.int(2) === 0;
  return {
    ...plan,
    faults: goes ? [...faults, departure(rng, nodes, plan.safetyMs)] : faults,
    // The first steps of each make what the others change.
    clients: plan.clients.map((all) =>
      all.map((one, i) => (i > 1 && rng.int(10) === 0 ? { ...one, kind: 'delete-node' } : one)),
    ),
  };
}

/** Never the first: that one takes everybody in the end. */
const departure = (rng: Rng, nodes: number, withinMs: number): ControlFault => ({
  atMs: 3000 + rng.int(withinMs),
  kind: 'node-gone',
  node: 1 + rng.int(nodes - 1),
});

const made: readonly UserStepKind[] = ['deployment', 'statefulset', 'daemonset', 'job', 'service'];
const changes: readonly UserStepKind[] = [...made, 'scale', 'scale', 'restart', 'budget', 'evict'];

const step = (rng: Rng, kind: UserStepKind, withinMs: number): UserStep => ({
  afterMs: rng.int(withinMs),
  kind,
  pick: rng.int(picks),
});

const steps = (rng: Rng, of: readonly UserStepKind[], count: number, withinMs: number) =>
  Array.from({ length: count }, () => step(rng, pick(rng, of), withinMs));

/** One by one, or several in a moment. */
const deletions = (rng: Rng): UserStep[] =>
  Array.from({ length: 10 }, () => step(rng, 'delete-node', pick(rng, [1, 1000, 6000])));
