import { forbidden, notSupported } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { PriorityClass } from '../types.ts';
import { declare } from './declare.ts';

const highestOfUsers = 1_000_000_000;
const policies = ['Never', 'PreemptLowerPriority'];
/** Those that every cluster has. */
const systemValues: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

export const priorityClass = declare<PriorityClass>({
  group: 'scheduling.k8s.io',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  shortNames: ['pc'],
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Value', ({ value }) => value, 'The priority of its pods.', 'integer'),
    column('Global-Default', (pc) => pc.globalDefault ?? false, 'For pods without one.', 'boolean'),
    ageColumn,
  ],
  defaults: (draft) => {
    draft.preemptionPolicy ??= 'PreemptLowerPriority';
    // As Kubernetes takes it where it is missing.
    draft.value ??= 0;
  },
  validate: (object, old) => {
    const { metadata, value, preemptionPolicy = '' } = object;
    const { name = '' } = metadata ?? {};
    const causes = [];
    if (name.startsWith('system-') && systemValues[name] !== value) {
      const detail =
        "priority class names with 'system-' prefix are reserved for system use only. error: ";
      causes.push(
        forbidden('metadata.name', `${detail}${name} is not a known system priority class`),
      );
    } else if (value > highestOfUsers && !name.startsWith('system-')) {
      const detail = `maximum allowed value of a user defined priority is ${highestOfUsers}`;
      causes.push(forbidden('value', detail));
    }
    if (!policies.includes(preemptionPolicy)) {
      causes.push(notSupported('preemptionPolicy', preemptionPolicy, policies));
    }
    if (old && old.value !== value) {
      causes.push(forbidden('value', 'may not be changed in an update.'));
    }
    if (old && old.preemptionPolicy !== preemptionPolicy) {
      causes.push(forbidden('preemptionPolicy', 'may not be changed in an update.'));
    }
    return causes;
  },
});
