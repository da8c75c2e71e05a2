import { invalidValue, required } from '../causes.ts';
import { ageColumn, column, containerColumns, labelsCell, nameColumn, wide } from '../columns.ts';
import { defaultPodSpec } from '../defaults/pod-spec.ts';
import type { ReplicationController } from '../types.ts';
import { validateServingTemplate } from '../validation/pod-spec.ts';
import { validateNonNegative } from '../validation/probes.ts';
import { declare } from './declare.ts';

export const replicationController = declare<ReplicationController>({
  group: '',
  resource: 'replicationcontrollers',
  kind: 'ReplicationController',
  shortNames: ['rc'],
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
    ...containerColumns<ReplicationController>(({ spec }) => spec?.template),
    wide('Selector', ({ spec }) => labelsCell(spec?.selector), 'Which pods belong to it.'),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  prepareForCreate: (draft) => {
    draft.status = { replicas: 0 };
  },
  defaults: (draft) => {
    const { spec } = draft;
    if (!spec) return;
    spec.replicas ??= 1;
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (draft.metadata && !draft.metadata.labels) draft.metadata.labels = { ...labels };
    }
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  validate: ({ spec }) => {
    if (!spec) return [required('spec')];
    const { selector = {}, template } = spec;
    const causes = validateNonNegative(spec, ['replicas', 'minReadySeconds'], 'spec');
    if (Object.keys(selector).length === 0) causes.push(required('spec.selector'));
    if (!template) return [...causes, required('spec.template')];
    const labels = template.metadata?.labels ?? {};
    if (Object.entries(selector).some(([key, value]) => labels[key] !== value)) {
      const detail = '`selector` does not match template `labels`';
      causes.push(invalidValue('spec.template.metadata.labels', labels, detail));
    }
    const kind = 'ReplicationController';
    return [...causes, ...validateServingTemplate(template, 'spec.template', kind)];
  },
});
