import { ageColumn, column, nameColumn, workloadColumns } from '../columns.ts';
import { defaultPodSpec } from '../defaults/pod-spec.ts';
import type { Deployment } from '../types.ts';
import { validateDeployment } from '../validation/deployment.ts';
import { declare } from './declare.ts';

export const deployment = declare<Deployment>({
  group: 'apps',
  resource: 'deployments',
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  hasStatus: true,
  subresources: ['scale'],
  hasGeneration: true,
  columns: [
    nameColumn,
    column(
      'Ready',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      'How many of the wanted pods are ready.',
    ),
    column(
      'Up-to-date',
      ({ status }) => status?.updatedReplicas ?? 0,
      'How many pods are of the current template.',
      'integer',
    ),
    column(
      'Available',
      ({ status }) => status?.availableReplicas ?? 0,
      'How many pods have been ready for minReadySeconds.',
      'integer',
    ),
    ageColumn,
    ...workloadColumns<Deployment>(),
  ],
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    const strategy = (spec.strategy ??= {});
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = (strategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= '25%';
      rolling.maxSurge ??= '25%';
    }
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  validate: validateDeployment,
});
