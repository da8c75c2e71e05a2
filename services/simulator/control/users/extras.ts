import type { Container, PodSpec } from '#shared/api';
import { type Behaviour, command } from '../parts/containers.ts';
import { Dice } from './dice.ts';

/** Picks below it make what they always made, so that plans that are kept stay the same plans. */
export const firstExtra = 1000;

/** Picks from here on also say who comes first, and who runs beside whom. */
const firstCompany = 3000;

export const apps = ['web', 'api', 'db', 'queue'];

/** A label of nodes, by which some pods choose theirs. */
export const zoneKey = 'zone';
export const zones = ['a', 'b'] as const;
export const hostKey = 'kubernetes.io/hostname';

/** What one pick says of some pods besides, and of others not. */
export interface Extras {
  readonly behaviour: Behaviour;
  readonly main: Partial<Container>;
  readonly port: { readonly hostPort?: number };
  readonly spec: Partial<PodSpec>;
}

export function extrasOf(pick: number): Extras {
  if (pick < firstExtra) return { behaviour: {}, main: {}, port: {}, spec: {} };
  const dice = new Dice(pick + 31);
  return {
    ...life(dice),
    port: dice.int(6) === 0 ? { hostPort: 9000 + dice.int(2) } : {},
    spec: { ...place(dice), ...(dice.int(4) === 0 && { initContainers: inits(dice) }) },
  };
}

/** Which of the owners a dependent belongs to. */
export const ownersOf = (pick: number): number[] =>
  pick >= firstExtra && pick % 2 === 0 ? [pick % 3, (pick + 1) % 3] : [pick % 3];

/** How long a pod has to be ready before it counts. */
export const minReady = (pick: number): { readonly minReadySeconds?: number } =>
  pick >= firstExtra && pick % 3 === 0 ? { minReadySeconds: 4 } : {};

/** Up to where a StatefulSet keeps what it had. */
export const partition = (pick: number) =>
  pick >= firstExtra && pick % 4 === 0
    ? { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }
    : {};

/** What pods of Jobs have in common, and some Services select. */
export const batchLabels = (pick: number): Readonly<Record<string, string>> =>
  pick >= firstExtra ? { batch: 'yes' } : {};

export const isForBatch = (pick: number): boolean => pick >= firstExtra && pick % 5 === 0;

interface JobExtras {
  readonly runMs?: number;
  readonly activeDeadlineSeconds?: number;
  readonly completionMode?: string;
}

/** A Job that is cut short, one that takes long, or one whose pods each have a number. */
export function jobExtras(pick: number): JobExtras {
  if (pick < firstExtra) return {};
  switch (pick % 4) {
    case 0:
      return { runMs: 3_600_000, activeDeadlineSeconds: 3 };
    case 1:
      return { runMs: 15_000 };
    default:
      return { completionMode: 'Indexed' };
  }
}

/** Who is more important than others, and whom it is kept apart from, or together with. */
export function companyOf(pick: number, app: string): Partial<PodSpec> {
  if (pick < firstCompany) return {};
  const dice = new Dice(pick + 57);
  const important = rank(dice);
  const beside = company(dice, app);
  // Nobody knows of a place that a spread pod has preempted: it is taken again before it comes free, without end,
  // as in Kubernetes.
  return beside.topologySpreadConstraints ? beside : { ...important, ...beside };
}

function rank(dice: Dice): Pick<PodSpec, 'priorityClassName'> {
  const names = ['system-cluster-critical', 'system-node-critical'];
  const priorityClassName = names[dice.int(3)];
  return priorityClassName === undefined ? {} : { priorityClassName };
}

function company(dice: Dice, app: string): Pick<PodSpec, 'affinity' | 'topologySpreadConstraints'> {
  const labelSelector = { matchLabels: { app } };
  const terms = (topologyKey: string, of = app) => ({
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey, labelSelector: { matchLabels: { app: of } } },
    ],
  });
  const spread = (topologyKey: string, maxSkew: number) => ({
    topologySpreadConstraints: [
      { topologyKey, maxSkew, whenUnsatisfiable: 'DoNotSchedule', labelSelector },
    ],
  });
  switch (dice.int(8)) {
    case 0:
      return { affinity: { podAntiAffinity: terms(hostKey) } };
    case 1:
      return { affinity: { podAntiAffinity: terms(zoneKey) } };
    case 5:
      return { affinity: { podAntiAffinity: terms(hostKey, apps[dice.int(apps.length)]) } };
    case 2:
      return { affinity: { podAffinity: terms(zoneKey) } };
    case 3:
      return spread(zoneKey, 1);
    case 4:
      return spread(hostKey, 1 + dice.int(2));
    default:
      return {};
  }
}

/** Programs that crash a few times, hang a few times, or are slow to start, and then run. */
function life(dice: Dice): Pick<Extras, 'behaviour' | 'main'> {
  const times = 1 + dice.int(3);
  const afterMs = 300 + dice.int(1500);
  const probe = (what: string, failureThreshold: number) => ({
    exec: { command: [what] },
    periodSeconds: 1,
    failureThreshold,
  });
  switch (dice.int(6)) {
    case 0:
      return { behaviour: { crashes: { times, afterMs } }, main: {} };
    case 1:
      return {
        behaviour: { hangs: { times, afterMs } },
        main: { livenessProbe: probe('alive', 2) },
      };
    case 2:
      return {
        behaviour: { startMs: 1500 + dice.int(3000) },
        main: { startupProbe: probe('started', 60), livenessProbe: probe('alive', 1) },
      };
    default:
      return { behaviour: {}, main: {} };
  }
}

function inits(dice: Dice): Container[] {
  const init = (name: string, behaviour: Behaviour): Container => ({
    name,
    image: 'sim',
    command: command({ runMs: 50 + dice.int(600), ...behaviour }),
  });
  const crashes = dice.int(3) === 0 ? { crashes: { times: 1, afterMs: 100 } } : {};
  return [init('first', crashes), init('second', {})];
}

function place(dice: Dice): Pick<PodSpec, 'nodeSelector' | 'affinity'> {
  const zone = zones[dice.int(zones.length)] ?? 'a';
  const needs = (operator: string, values?: string[]): Pick<PodSpec, 'affinity'> => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: zoneKey, operator, ...(values && { values }) }] },
          ],
        },
      },
    },
  });
  switch (dice.int(12)) {
    case 0:
    case 1:
      return { nodeSelector: { [zoneKey]: zone } };
    case 2:
      return needs('In', [zone]);
    case 3:
      return needs('NotIn', [zone]);
    case 4:
      return needs('Exists');
    default:
      return {};
  }
}
