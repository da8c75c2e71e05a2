import type {
  ConfigMap,
  Container,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  KubeObject,
  Namespace,
  Pod,
  PodDisruptionBudget,
  PodTemplateSpec,
  ResourceQuota,
  Service,
  StatefulSet,
} from '#shared/api';
import { command } from '../parts/containers.ts';
import { Dice } from './dice.ts';
import {
  apps,
  batchLabels,
  companyOf,
  extrasOf,
  isForBatch,
  jobExtras,
  minReady,
  partition,
} from './extras.ts';
import { sortOf, taintKey } from './sorts.ts';

function template(app: string, pick: number, dice: Dice): PodTemplateSpec {
  const { behaviour, main, port, spec } = extrasOf(pick);
  const probed = dice.int(2) === 0;
  const readyMs = probed ? 200 + dice.int(2000) : 0;
  const termMs = [20, 300, 2500, 9000][dice.int(4)] ?? 20;
  const graceSeconds = termMs > 3000 ? 12 : 1 + dice.int(3);
  const tolerant = dice.int(6) === 0;
  const { affinity: others, ...company } = companyOf(pick, app);
  const sort = sortOf(pick);
  return {
    metadata: { labels: { app }, annotations: { version: String(dice.int(100)) } },
    spec: {
      terminationGracePeriodSeconds: graceSeconds,
      ...spec,
      ...company,
      ...(others && { affinity: { ...spec.affinity, ...others } }),
      ...(tolerant && { tolerations: [{ key: taintKey, operator: 'Exists' }] }),
      ...sort.spec,
      containers: [
        {
          name: 'main',
          image: 'sim',
          command: command({ termMs, readyMs, ...behaviour, ...sort.behaviour }),
          ports: [{ name: 'http', containerPort: 8000 + dice.int(3), ...port }],
          resources: { requests: { cpu: `${[100, 300, 450][dice.int(3)] ?? 100}m` } },
          ...(probed && { readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 1 } }),
          ...main,
          ...sort.main,
        },
        ...sort.containers,
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
      template: template(name, pick, dice),
      ...minReady(pick),
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: dice.int(3),
      strategy: recreate
        ? { type: 'Recreate' }
        : { type: 'RollingUpdate', rollingUpdate: rolling(dice) },
    },
  };
}

/** One of the two must let something happen. */
function rolling(dice: Dice) {
  const maxUnavailable = dice.int(3);
  return { maxUnavailable, maxSurge: maxUnavailable === 0 ? 1 + dice.int(2) : dice.int(3) };
}

/** Sets whose pods come and go without waiting for each other. */
const parallel = ['api-set', 'db-set'];

export function statefulSet(name: string, pick: number): StatefulSet {
  const dice = new Dice(pick);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      replicas: dice.int(4),
      ...minReady(pick),
      ...partition(pick),
      serviceName: name,
      selector: selector(name),
      template: template(name, pick, dice),
      // It cannot be changed later on.
      podManagementPolicy: parallel.includes(name) ? 'Parallel' : 'OrderedReady',
    },
  };
}

export function daemonSet(name: string, pick: number): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name },
    spec: {
      selector: selector(name),
      template: template(name, pick, new Dice(pick)),
      ...minReady(pick),
    },
  };
}

/** Of nobody: it runs until it is deleted. Some wait until they may go on. */
export function lonePod(name: string, pick: number): Pod {
  const dice = new Dice(pick);
  const { metadata, spec } = template('lone', pick, dice);
  const gates = { schedulingGates: [{ name: gate }] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name },
    spec: {
      ...spec,
      ...(dice.int(2) === 0 && gates),
      containers: spec?.containers ?? [],
    },
  };
}

/** Until it is taken away, the pod gets no node. */
const gate = 'simulated/later';

/** One in four fails, each time. */
export function job(name: string, pick: number): Job {
  const dice = new Dice(pick);
  const { spec, metadata } = template(name, pick, dice);
  const fails = dice.int(4) === 0;
  const { runMs = 200 + dice.int(3000), ...extras } = jobExtras(pick);
  const behaviour = { runMs, exitCode: fails ? 1 : 0 };
  const { initContainers: _i, containers: [main, ...others] = [], ...podSpec } = spec ?? {};
  const {
    readinessProbe: _,
    livenessProbe: _l,
    startupProbe: _s,
    ...container
  } = { ...main, command: command(behaviour) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      ...extras,
      completions: 1 + dice.int(4),
      parallelism: 1 + dice.int(3),
      backoffLimit: fails ? dice.int(3) : 100,
      ...(dice.int(4) === 0 && { ttlSecondsAfterFinished: 2 }),
      template: {
        metadata: { ...metadata, labels: { ...metadata?.labels, ...batchLabels(pick) } },
        spec: {
          ...podSpec,
          containers: [{ ...container, name: 'main' }, ...others.map((each) => ofJob(each, dice))],
          restartPolicy: fails || dice.int(2) === 0 ? 'Never' : 'OnFailure',
        },
      },
    },
  };
}

/** Ends before the first of them, or after it. */
const ofJob = (container: Container, dice: Dice): Container => ({
  ...container,
  command: command({ runMs: 200 + dice.int(5000) }),
});

const concurrencyPolicies = ['Allow', 'Forbid', 'Replace'];

/** Runs each minute, and never for all of it. */
export function cronJob(name: string, pick: number): CronJob {
  const dice = new Dice(pick + 83);
  const { spec } = job(name, pick);
  // One that fails is not tried again: with its pauses it would fail all the minute long.
  const backoffLimit = spec?.backoffLimit === 100 ? 100 : 0;
  const size = { completions: 1 + dice.int(2), parallelism: 2 };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: concurrencyPolicies[dice.int(3)] ?? 'Allow',
      suspend: dice.int(5) === 0,
      successfulJobsHistoryLimit: dice.int(3),
      failedJobsHistoryLimit: dice.int(3),
      jobTemplate: {
        ...(spec && { spec: { ...spec, ...size, backoffLimit } }),
      },
    },
  };
}

/** What a namespace may have of some kinds. */
export const quota = (name: string, pick: number): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name },
  spec: {
    hard: {
      configmaps: String(5 + (pick % 23)),
      ...(pick % 2 === 0 && { secrets: String(2 + (pick % 13)) }),
      ...(pick % 3 === 0 && { services: String(1 + (pick % 5)) }),
    },
  },
});

/** Named after one application; what it selects, and by which port, may change. */
export function service(name: string, pick: number): Service {
  const dice = new Dice(pick);
  const app = dice.int(4) === 0 ? (apps[dice.int(apps.length)] ?? name) : name;
  const targetPort = [80, 'http', 'nowhere'][dice.int(5)] ?? 'http';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: {
      selector: isForBatch(pick) ? batchLabels(pick) : { app },
      ports: [{ name: 'web', port: 80, targetPort }],
    },
  };
}

export function budget(app: string, pick: number): PodDisruptionBudget {
  const limit = pick % 2 === 0 ? { minAvailable: pick % 4 } : { maxUnavailable: pick % 3 };
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: app },
    spec: { ...limit, selector: { matchLabels: { app } } },
  };
}

export const namespaceObject = (name: string): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

export const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

/** Of another kind than its owners, or of the same. */
export function dependentOf(
  owners: readonly KubeObject[],
  name: string,
  isSecret: boolean,
): KubeObject {
  const references = owners.map(({ metadata: { name: owner = '', uid = '' } = {} }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner,
    uid,
    blockOwnerDeletion: true,
  }));
  return {
    apiVersion: 'v1',
    kind: isSecret ? 'Secret' : 'ConfigMap',
    metadata: { name, ownerReferences: references },
  };
}
