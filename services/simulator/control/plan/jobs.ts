import type { Job } from '#shared/api';
import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { behaviourOf } from '../parts/containers.ts';
import { isForBatch } from '../users/extras.ts';
import { job, service } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { isPlain, pickWhere } from './wanted.ts';

const safetyMs = 40_000;

/** Jobs of every sort, which are told to wait and to go on, and replaced under their names, and a Service of them all. */
export function asJobs(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 2,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300]),
    clients: [
      ...sorts.map((isWanted) => made(rng, isWanted)),
      changes(rng),
      [{ afterMs: 500, kind: 'service', pick: pickWhere(rng, isServiceOfAll) }],
    ],
  };
}

const runMsOf = ({ spec }: Job): number =>
  behaviourOf(spec?.template.spec?.containers[0]?.command ?? []).runMs ?? 0;
const fails = ({ spec }: Job): boolean => (spec?.backoffLimit ?? 0) < 100;

const sorts: readonly ((made: Job) => boolean)[] = [
  (made) => fails(made) && made.spec?.backoffLimit === 2,
  (made) => !fails(made) && runMsOf(made) === 15_000,
  ({ spec }) => spec?.activeDeadlineSeconds !== undefined,
  (made) => !fails(made) && made.spec?.completionMode === 'Indexed' && isOfMany(made),
];

const isOfMany = ({ spec }: Job): boolean =>
  (spec?.parallelism ?? 1) > 1 && (spec?.completions ?? 1) > 2;

function made(rng: Rng, isWanted: (made: Job) => boolean): UserStep[] {
  const one = (): number =>
    pickWhere(rng, (each) => {
      const wanted = job('', each);
      return isWanted(wanted) && isPlain(wanted.spec?.template.spec ?? {});
    });
  return Array.from({ length: 3 }, () => ({
    afterMs: 500 + rng.int(8000),
    kind: 'job',
    pick: one(),
  }));
}

const isServiceOfAll = (one: number): boolean =>
  isForBatch(one) && service('', one).spec?.ports?.[0]?.targetPort === 'http';

const kinds = ['suspend', 'suspend', 'replace-job'] as const;

const changes = (rng: Rng): UserStep[] =>
  Array.from({ length: 10 }, () => ({
    afterMs: 1500 + rng.int(4000),
    kind: pick(rng, kinds),
    pick: rng.int(1000),
  }));
