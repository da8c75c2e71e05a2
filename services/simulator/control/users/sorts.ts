import type { Container, PodSpec, PriorityClass } from '#shared/api';
import { type Behaviour, command } from '../parts/containers.ts';
import { Dice } from './dice.ts';
import { apps, hostKey, zoneKey } from './extras.ts';

/** Picks from here on also make pods of more than one program, and of finer wishes. */
export const firstSorts = 4500;

/** What users taint nodes with. */
export const taintKey = 'simulated';

/** A label of nodes that nobody takes away. */
export const rankKey = 'rank';

/** What one pick says of some pods besides. */
export interface Sort {
  readonly behaviour: Behaviour;
  readonly main: Partial<Container>;
  /** Beside the first. */
  readonly containers: readonly Container[];
  readonly spec: Partial<PodSpec>;
}

const plain: Sort = { behaviour: {}, main: {}, containers: [], spec: {} };

export function sortOf(pick: number): Sort {
  if (pick < firstSorts) return plain;
  const dice = new Dice(pick + 101);
  switch (dice.int(9)) {
    case 0:
    case 1:
      return { ...plain, ...twoPrograms(dice) };
    case 2:
      return { ...plain, spec: { initContainers: [sidecar(dice)] } };
    case 3:
      return { ...plain, spec: { initContainers: [needy(dice)] } };
    case 4: {
      const effect = dice.int(2) === 0 ? 'NoSchedule' : 'NoExecute';
      return { ...plain, spec: { tolerations: [{ key: taintKey, operator: 'Exists', effect }] } };
    }
    case 5: {
      // Were it more important than its company, it might drive that from node to node for ever, as in Kubernetes.
      const equal = { priorityClassName: '' };
      return { ...plain, spec: { ...equal, affinity: { podAffinity: beside(dice) } } };
    }
    case 6:
      return { ...plain, spec: { priorityClassName: polite.metadata.name } };
    case 7:
      return { ...plain, ...stumbling };
    default:
      return { ...plain, behaviour: { crashes: { times: 4, afterMs: 9_000 } } };
  }
}

/** More important than most, and waits for its turn. */
export const polite = {
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name: 'polite' },
  value: 1_000_000,
  preemptionPolicy: 'Never',
} satisfies PriorityClass;

/** One of them ends well when it is told to, the other one does not. */
function twoPrograms(dice: Dice): Pick<Sort, 'behaviour' | 'containers'> {
  const [first, second] = dice.int(2) === 0 ? [0, undefined] : [undefined, 0];
  const termMs = [50, 900][dice.int(2)] ?? 50;
  const side = { termMs, ...(second !== undefined && { termCode: second }) };
  return {
    behaviour: first === undefined ? {} : { termCode: first },
    containers: [{ name: 'side', image: 'sim', command: command(side) }],
  };
}

/** Runs as long as the pod; the others wait until it has started. */
function sidecar(dice: Dice): Container {
  return {
    name: 'helper',
    image: 'sim',
    restartPolicy: 'Always',
    command: command({ startMs: 500 + dice.int(2000) }),
    startupProbe: { exec: { command: ['started'] }, periodSeconds: 1, failureThreshold: 60 },
  };
}

/** Asks for more than what comes after it. */
const needy = (dice: Dice): Container => ({
  name: 'first',
  image: 'sim',
  command: command({ runMs: 50 + dice.int(600) }),
  resources: { requests: { cpu: `${500 + 100 * dice.int(4)}m` } },
});

/** Wherever pods of some application are, perhaps of another one. */
const beside = (dice: Dice) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [
    {
      topologyKey: dice.int(2) === 0 ? zoneKey : hostKey,
      labelSelector: { matchLabels: { app: apps[dice.int(apps.length)] ?? '' } },
    },
  ],
});

/** Does not answer now and then, and never twice in a row. */
const stumbling: Pick<Sort, 'behaviour' | 'main'> = {
  behaviour: { stumbles: 3 },
  main: {
    livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 1, failureThreshold: 2 },
  },
};
