import { required } from '../causes.ts';
import { ageColumn, column, nameColumn, workloadColumns } from '../columns.ts';
import { defaultPodSpec } from '../defaults/pod-spec.ts';
import type { ReplicaSet } from '../types.ts';
import { validateWorkload } from '../validation/workloads.ts';
import { declare } from './declare.ts';

export const replicaSet = declare<ReplicaSet>({
  group: 'apps',
  resource: 'replicasets',
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  hasStatus: true,
  subresources: ['scale'],
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Desired', ({ spec }) => spec?.replicas ?? 0, 'How many pods are wanted.', 'integer'),
    column('Current', ({ status }) => status?.replicas ?? 0, 'How many pods exist.', 'integer'),
    column('Ready', ({ status }) => status?.readyReplicas ?? 0, 'How many are ready.', 'integer'),
    ageColumn,
    ...workloadColumns<ReplicaSet>(),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  prepareForCreate: (draft) => {
    draft.status = { replicas: 0 };
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.replicas ??= 1;
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  validate: ({ spec }, old) => (spec ? validateWorkload(spec, old?.spec) : [required('spec')]),
});
