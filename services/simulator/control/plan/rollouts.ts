import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';

const safetyMs = 28_000;

/**
 * Workloads whose templates change again and again, and nothing else: what a rollout may do is known
 * best where nothing but the rollout is under way.
 */
export function asRollouts(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 3,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300]),
    clients: [stateful(rng), daemons(rng), deployments(rng), emptied(rng)],
  };
}

/** Of the set whose pods do not wait for each other as they are made, three. */
function stateful(rng: Rng): UserStep[] {
  return [
    { afterMs: 500, kind: 'statefulset', pick: 1 + 4 * rng.int(240) },
    { afterMs: 200, kind: 'scale', pick: 9 },
    ...restarts(rng, (i) => 9 + 12 * i),
  ];
}

function daemons(rng: Rng): UserStep[] {
  return [
    { afterMs: 500, kind: 'daemonset', pick: rng.int(1000) },
    ...restarts(rng, (i) => 1003 + 4 * i),
  ];
}

/** A set that makes its pods in order comes, and is scaled to nothing once it is there, again and again. */
function emptied(rng: Rng): UserStep[] {
  return Array.from({ length: 3 }, () => [
    { afterMs: 1000, kind: 'statefulset' as const, pick: 4 * rng.int(240) },
    { afterMs: 6000, kind: 'scale' as const, pick: 12 },
  ]).flat();
}

/** Scaled as well, to as many as it takes for shares of them to differ. */
function deployments(rng: Rng): UserStep[] {
  const app = rng.int(4);
  // Of this application; `replicas` is not a multiple of three.
  const scale = (replicas: number): number =>
    Array.from({ length: 12 }, (_, i) => i).find((i) => i % 4 === app && i % 6 === replicas) ?? 1;
  const sizes = app % 2 === 0 ? [2, 4] : [1, 5];
  return [
    { afterMs: 500, kind: 'deployment', pick: app + 4 * rng.int(240) },
    ...restarts(rng, (i) => app + 4 * (i + Number((app + 4 * i) % 3 === 0))).flatMap((step) => [
      step,
      { afterMs: rng.int(1500), kind: 'scale' as const, pick: scale(pick(rng, sizes)) },
    ]),
  ];
}

/** With time for what came before to end, or nearly so. */
function restarts(rng: Rng, pickOf: (i: number) => number): UserStep[] {
  return Array.from({ length: 5 }, (_, i) => ({
    afterMs: 3000 + rng.int(3000),
    kind: 'restart' as const,
    pick: pickOf(i),
  }));
}
