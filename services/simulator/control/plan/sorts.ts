import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { firstSorts } from '../users/sorts.ts';
import type { ControlFault, ControlPlan, UserStep, UserStepKind } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { allPicks } from './wanted.ts';

const safetyMs = 25_000;

const made: readonly UserStepKind[] = ['deployment', 'statefulset', 'job', 'job', 'pod', 'pod'];
const done: readonly UserStepKind[] = [
  'delete-pod',
  'delete-pod',
  'delete-pod',
  'delete-seen',
  'release',
  'pod',
  'job',
  'scale',
  'rezone',
  'taint',
  'untaint',
];

/**
 * Pods of several programs, with sidecars, with finer wishes, of nobody, or held back at first; users who delete them
 * in less time than they ask for, and again. Nothing fails, or only agents do.
 */
export function asSorts(plan: ControlPlan, rng: Rng): ControlPlan {
  const nodes = pick(rng, [2, 3]);
  const deaths = Array.from(
    { length: 4 },
    (_, i): ControlFault => ({
      atMs: 7000 + 4000 * i + rng.int(1000),
      kind: 'agent-kill',
      node: rng.int(nodes),
      forMs: 200 + rng.int(800),
    }),
  );
  const step = (kind: UserStepKind, afterMs: number): UserStep => ({
    afterMs,
    kind,
    pick: firstSorts + rng.int(allPicks - firstSorts),
  });
  return {
    ...undisturbed(plan, safetyMs),
    nodes,
    cpus: pick(rng, [2, 4]),
    watchLagMs: pick(rng, [0, 20, 300]),
    faults: rng.int(3) === 0 ? deaths : [],
    clients: [
      made.map((kind) => step(kind, 300)),
      Array.from({ length: 24 }, () => step(pick(rng, done), rng.int(1600))),
    ],
  };
}
