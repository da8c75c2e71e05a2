import { column, labelsCell, nameColumn } from '../columns.ts';
import { defaultPodSpec } from '../defaults/pod-spec.ts';
import type { PodTemplate } from '../types.ts';
import { validateTemplate } from '../validation/pod-spec.ts';
import { declare } from './declare.ts';

export const podTemplate = declare<PodTemplate>({
  group: '',
  resource: 'podtemplates',
  kind: 'PodTemplate',
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Containers', (each) => containers(each, 'name'), 'Names of its containers.'),
    column('Images', (each) => containers(each, 'image'), 'Images of its containers.'),
    column('Pod Labels', ({ template }) => labelsCell(template?.metadata?.labels), 'Labels.'),
  ],
  defaults: ({ template }) => {
    if (template?.spec) defaultPodSpec(template.spec);
  },
  validate: ({ template = {} }) => validateTemplate(template, 'template'),
});

const containers = ({ template }: PodTemplate, key: 'name' | 'image'): string =>
  (template?.spec?.containers ?? []).map((container) => container[key] ?? '').join(',');
