import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, labelsCell, nameColumn, workloadColumns } from '../columns.ts';
import { defaultPodSpec } from '../defaults/pod-spec.ts';
import { isZero, validateIntOrPercent } from '../validation/deployment.ts';
import type { DaemonSet } from '../types.ts';
import { validateNonNegative } from '../validation/probes.ts';
import { validateWorkload } from '../validation/workloads.ts';
import { declare } from './declare.ts';

type Status = NonNullable<DaemonSet['status']>;

const count = (name: string, key: keyof Status, description: string) =>
  column<DaemonSet>(name, ({ status }) => Number(status?.[key] ?? 0), description, 'integer');

export const daemonSet = declare<DaemonSet>({
  group: 'apps',
  resource: 'daemonsets',
  kind: 'DaemonSet',
  shortNames: ['ds'],
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    count('Desired', 'desiredNumberScheduled', 'How many nodes should run its pod.'),
    count('Current', 'currentNumberScheduled', 'How many of them do.'),
    count('Ready', 'numberReady', 'How many of the pods are ready.'),
    count('Up-to-date', 'updatedNumberScheduled', 'How many are of the current template.'),
    count('Available', 'numberAvailable', 'How many have been ready for minReadySeconds.'),
    column(
      'Node Selector',
      ({ spec }) => labelsCell(spec?.template.spec?.nodeSelector),
      'Which nodes its pods run on.',
    ),
    ageColumn,
    ...workloadColumns<DaemonSet>(),
  ],
  prepareForCreate: (draft) => {
    draft.status = {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    };
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.revisionHistoryLimit ??= 10;
    const strategy = (spec.updateStrategy ??= {});
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = (strategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= 1;
      rolling.maxSurge ??= 0;
    }
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  validate: ({ spec }, old) => {
    if (!spec) return [required('spec')];
    return [
      ...validateWorkload(spec, old?.spec, 'DaemonSet'),
      ...validateStrategy(spec.updateStrategy ?? {}),
      ...validateNonNegative(spec, ['revisionHistoryLimit'], 'spec'),
    ];
  },
});

function validateStrategy({
  type = '',
  rollingUpdate = {},
}: NonNullable<NonNullable<DaemonSet['spec']>['updateStrategy']>): FieldCause[] {
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') {
    return [notSupported('spec.updateStrategy.type', type, ['OnDelete', 'RollingUpdate'])];
  }
  const field = 'spec.updateStrategy.rollingUpdate';
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const causes = [
    ...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${field}.maxSurge`),
  ];
  if (causes.length > 0) return causes;
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    const detail = 'may not be set when maxUnavailable is non-zero';
    return [invalidValue(`${field}.maxSurge`, maxSurge, detail)];
  }
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    return [required(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')];
  }
  return [];
}
