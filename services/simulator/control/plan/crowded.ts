import type { PodSpec } from '#shared/api';
import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { apps } from '../users/extras.ts';
import { deployment } from '../users/manifests.ts';
import { firstSorts, polite } from '../users/sorts.ts';
import type { ControlFault, ControlPlan, UserStep } from './plan.ts';
import { components, late, schedulers } from './schedulers.ts';
import { undisturbed } from './undisturbed.ts';
import { allPicks, asksForMuch, isPlain, pickWhere } from './wanted.ts';

const safetyMs = 20_000;

/**
 * More pods than there is room for, ordinary and important ones, and some that avoid the others: whoever gets a
 * place, somebody else waits for it. Sometimes nobody knows which bindings have been heard, or schedulers hear late
 * what they are answered: room comes free while they still ask who may go. In the end all want as much as they can get.
 */
export function asCrowded(plan: ControlPlan, rng: Rng): ControlPlan {
  const nodes = pick(rng, [1, 2]);
  const few = rng.int(2) === 0;
  const answeredLate = () => schedulers(nodes).map((machine) => late(machine, safetyMs));
  const faults = pick(rng, [() => [], () => unheard(rng), answeredLate, answeredLate]);
  return {
    ...undisturbed(plan, safetyMs),
    nodes,
    components,
    // A renewal may take as long as any other answer.
    leaseSeconds: 5,
    cpus: 1,
    watchLagMs: pick(rng, [0, 300, 1000]),
    faults: faults(),
    clients: few
      ? [ordinary(rng, 1), ...(rng.int(2) === 0 ? [waitful(rng)] : []), important(rng, 0, few)]
      : [ordinary(rng, 0), important(rng, 1, few), rush(rng)],
  };
}

function unheard(rng: Rng): ControlFault[] {
  return Array.from({ length: 4 }, (_, i) => ({
    atMs: 3000 + 4000 * i + rng.int(1000),
    kind: 'flaky',
    machine: 'all',
    forMs: 500 + rng.int(2000),
  }));
}

function ordinary(rng: Rng, app: number): UserStep[] {
  const made = pickWhere(rng, (one) => app === one % apps.length && isLarge(podOf(one)));
  return [{ afterMs: 500, kind: 'deployment', pick: made }, ...scales(rng, app)];
}

/** Some of them avoid the ordinary ones; `few`: two of them, which need not have all the room. */
function important(rng: Rng, app: number, few: boolean): UserStep[] {
  const avoids = !few && rng.int(2) === 0;
  const isMeant = ({ priorityClassName, affinity, ...others }: Spec): boolean =>
    priorityClassName !== undefined &&
    (avoids ? avoidsApp(affinity, apps[1 - app]) : affinity === undefined) &&
    (few ? isPlain(others) : isLarge(others));
  const made = pickWhere(
    rng,
    (one) =>
      app === one % apps.length && isMeant(podOf(one)) && (!few || madeOf(one)?.replicas === 2),
  );
  const first: UserStep = { afterMs: 4000, kind: 'deployment', pick: made };
  return few ? [first] : [first, ...scales(rng, app)];
}

/** More important than the ordinary ones, and displaced by the important ones only after those. */
function waitful(rng: Rng): UserStep[] {
  const isMeant = ({ priorityClassName, ...others }: Spec): boolean =>
    priorityClassName === polite.metadata.name && isLarge(others);
  const app = 2;
  const made = pickWhere(
    rng,
    (one) => app === one % apps.length && (madeOf(one)?.replicas ?? 0) > 0 && isMeant(podOf(one)),
    [firstSorts, allPicks],
  );
  return [{ afterMs: 400, kind: 'deployment', pick: made }];
}

type Spec = Partial<PodSpec>;

const isLarge = (spec: Spec): boolean => asksForMuch(spec) && isPlain(spec);

const madeOf = (made: number) => deployment(apps[made % apps.length] ?? '', made).spec;
const podOf = (made: number): Spec => madeOf(made)?.template?.spec ?? {};

const avoidsApp = (affinity: Spec['affinity'], app: string | undefined): boolean =>
  affinity?.nodeAffinity === undefined &&
  affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(
    ({ labelSelector }) => labelSelector?.matchLabels?.['app'] === app,
  ) === true;

/** Again and again; sizes are odd where the application's number is. */
function scales(rng: Rng, app: number): UserStep[] {
  const sizes = app % 2 === 0 ? [2, 4] : [1, 5];
  return Array.from({ length: 6 }, () => scale(rng, app, pick(rng, sizes), 500 + rng.int(3000)));
}

/** The important ones after the ordinary ones have filled what there is. */
const rush = (rng: Rng): UserStep[] => [
  scale(rng, 0, 4, safetyMs - 6000),
  scale(rng, 1, 5, 3000 + rng.int(1500)),
];

/** Not a StatefulSet. */
const scale = (rng: Rng, app: number, replicas: number, afterMs: number): UserStep => ({
  afterMs,
  kind: 'scale',
  pick: pickWhere(rng, (one) => one % 4 === app && one % 6 === replicas && one % 3 > 0),
});
