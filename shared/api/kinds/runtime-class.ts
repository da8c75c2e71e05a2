import type { FieldCause } from '#shared/base';
import { invalidValue } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { RuntimeClass } from '../types.ts';
import { validateLabels } from '../validation/metadata.ts';
import { dnsLabel } from '../validation/names.ts';
import { validateTolerations } from '../validation/taints.ts';
import { declare } from './declare.ts';

export const runtimeClass = declare<RuntimeClass>({
  group: 'node.k8s.io',
  resource: 'runtimeclasses',
  kind: 'RuntimeClass',
  namespaced: false,
  columns: [
    nameColumn,
    column('Handler', ({ handler }) => handler, 'What runs the pods of this class.'),
    ageColumn,
  ],
  validate: ({ handler, scheduling = {} }, old) => {
    const causes: FieldCause[] = dnsLabel(handler).map((error) =>
      invalidValue('handler', handler, error),
    );
    if (old && old.handler !== handler) {
      causes.push(invalidValue('handler', handler, 'field is immutable'));
    }
    const { nodeSelector, tolerations = [] } = scheduling;
    return [
      ...causes,
      ...validateLabels(nodeSelector, 'scheduling.nodeSelector'),
      ...validateTolerations(tolerations, 'scheduling.tolerations'),
    ];
  },
});
