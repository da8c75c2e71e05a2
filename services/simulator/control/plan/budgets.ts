import { must, type Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { apps } from '../users/extras.ts';
import { budget, deployment } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { pickWhere } from './wanted.ts';

const safetyMs = 30_000;
/** Applications that have a budget. */
const covered = 2;

/**
 * Pods that take their time to go, under budgets, and users who take one after the other, or change a budget and take
 * one at once; nothing else happens.
 */
export function asBudgets(plan: ControlPlan, rng: Rng): ControlPlan {
  return {
    ...undisturbed(plan, safetyMs),
    nodes: 2,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300, 1000]),
    clients: Array.from({ length: covered }, (_each, app) => [
      ...workload(rng, app),
      ...takings(rng, app),
    ]),
  };
}

function workload(rng: Rng, app: number): UserStep[] {
  const isOf = (one: number): boolean => one % apps.length === app;
  const deployed = pickWhere(rng, (one) => isOf(one) && goesSlowly(one));
  return [
    { afterMs: 500, kind: 'deployment', pick: deployed },
    { ...limit(rng, app), afterMs: 200 },
    scale(rng, app, must(sizesOf(app).at(-1), 'a size')),
  ];
}

const limit = (rng: Rng, app: number): UserStep => ({
  afterMs: 300 + rng.int(2500),
  kind: 'budget',
  pick: pickWhere(rng, (one) => one % apps.length === app && one % 3 > 0 && isLoose(one)),
});

function goesSlowly(one: number): boolean {
  const { replicas = 0, template } = deployment('', one).spec ?? {};
  const { spec } = template ?? {};
  const isFree = spec?.nodeSelector === undefined && spec?.affinity === undefined;
  const isSlow = (spec?.terminationGracePeriodSeconds ?? 0) > 10;
  return replicas > 1 && isSlow && isFree && spec?.topologySpreadConstraints === undefined;
}

/** It lets some of four pods go. */
function isLoose(one: number): boolean {
  const { minAvailable = 0, maxUnavailable = 4 } = budget('', one).spec ?? {};
  return Number(minAvailable) < 4 && Number(maxUnavailable) > 0;
}

/** A pick is odd where its application's number is, and so is the size. */
const sizesOf = (app: number): readonly number[] => (app % 2 === 0 ? [2, 4] : [1, 5]);

/** Of a Deployment. */
const scale = (rng: Rng, app: number, replicas: number): UserStep => ({
  afterMs: 300 + rng.int(2000),
  kind: 'scale',
  pick: pickWhere(rng, (one) => one % 4 === app && one % 6 === replicas && one % 3 > 0),
});

/** What users do to pods. */
const kinds = ['evict', 'delete-pod', 'evict', 'scale', 'budget'] as const;

const takings = (rng: Rng, app: number): UserStep[] =>
  Array.from({ length: 14 }, () => {
    const kind = pick(rng, kinds);
    if (kind === 'scale') return scale(rng, app, pick(rng, sizesOf(app)));
    if (kind !== 'budget') return taking(rng, kind, 300 + rng.int(2500));
    return [limit(rng, app), taking(rng, 'evict', 0), taking(rng, 'evict', 0)];
  }).flat();

const taking = (rng: Rng, kind: 'evict' | 'delete-pod', afterMs: number): UserStep => ({
  afterMs,
  kind,
  pick: rng.int(1000),
});
