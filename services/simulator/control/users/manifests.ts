import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  Job,
  PodTemplateSpec,
  Service,
  StatefulSet,
} from '#shared/api';
import { command } from '../parts/containers.ts';

/** Numbers taken from one number, each as if by itself. */
class Dice {
  #left: number;

  constructor(pick: number) {
    this.#left = pick * 7919 + 13;
  }

  int(below: number): number {
    this.#left = (this.#left * 48_271 + 11) % 2_147_483_647;
    return this.#left % below;
  }
}

function template(app: string, dice: Dice): PodTemplateSpec {
  const probed = dice.int(2) === 0;
  const readyMs = probed ? 200 + dice.int(2000) : 0;
  const termMs = [20, 300, 2500][dice.int(3)] ?? 20;
  return {
    metadata: { labels: { app }, annotations: { version: String(dice.int(100)) } },
    spec: {
      terminationGracePeriodSeconds: 1 + dice.int(3),
      containers: [
        {
          name: 'main',
          image: 'sim',
          command: command({ termMs, readyMs }),
          resources: { requests: { cpu: `${[50, 150, 300][dice.int(3)] ?? 50}m` } },
          ...(probed && { readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 1 } }),
        },
      ],
    },
  };
}

const selector = (app: string) => ({ matchLabels: { app } });

export function deployment(name: string, pick: number): Deployment {
  const dice = new Dice(pick);
  const recreate = dice.int(4) === 0;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: dice.int(5),
      selector: selector(name),
      template: template(name, dice),
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: dice.int(3),
      ...(recreate && { strategy: { type: 'Recreate' } }),
    },
  };
}

export function statefulSet(name: string, pick: number): StatefulSet {
  const dice = new Dice(pick);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      replicas: dice.int(4),
      serviceName: name,
      selector: selector(name),
      template: template(name, dice),
      // It cannot be changed later on.
      podManagementPolicy: name.length % 2 === 0 ? 'Parallel' : 'OrderedReady',
    },
  };
}

export function daemonSet(name: string, pick: number): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name },
    spec: { selector: selector(name), template: template(name, new Dice(pick)) },
  };
}

export function job(name: string, pick: number): Job {
  const dice = new Dice(pick);
  const { spec, metadata } = template(name, dice);
  const behaviour = { runMs: 200 + dice.int(3000), exitCode: 0 };
  const [main] = spec?.containers ?? [];
  const { readinessProbe: _, ...container } = { ...main, command: command(behaviour) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completions: 1 + dice.int(4),
      parallelism: 1 + dice.int(3),
      backoffLimit: 100,
      template: {
        ...(metadata && { metadata }),
        spec: {
          ...spec,
          containers: [{ ...container, name: 'main' }],
          restartPolicy: dice.int(2) === 0 ? 'Never' : 'OnFailure',
        },
      },
    },
  };
}

export function service(app: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app },
    spec: { selector: { app }, ports: [{ port: 80 }] },
  };
}

export const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
