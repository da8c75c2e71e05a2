import { invalidValue, notSupported } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { PodDisruptionBudget } from '../types.ts';
import { validateIntOrPercent } from '../validation/deployment.ts';
import { validateSelector } from '../validation/selectors.ts';
import { declare } from './declare.ts';

const policies = ['AlwaysAllow', 'IfHealthyBudget'];

export const podDisruptionBudget = declare<PodDisruptionBudget>({
  group: 'policy',
  resource: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  shortNames: ['pdb'],
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Min Available', ({ spec }) => spec?.minAvailable ?? 'N/A', 'How many must stay.'),
    column('Max Unavailable', ({ spec }) => spec?.maxUnavailable ?? 'N/A', 'How many may go.'),
    column(
      'Allowed Disruptions',
      ({ status }) => status?.disruptionsAllowed ?? 0,
      'How many pods may be evicted now.',
      'integer',
    ),
    ageColumn,
  ],
  prepareForCreate: (draft) => {
    draft.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  validate: ({ spec = {} }) => {
    const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
    const causes = [];
    if (minAvailable !== undefined && maxUnavailable !== undefined) {
      const detail = 'minAvailable and maxUnavailable cannot be both set';
      causes.push(invalidValue('spec', spec, detail));
    }
    for (const [key, value] of Object.entries({ minAvailable, maxUnavailable })) {
      if (value === undefined) continue;
      causes.push(...validateIntOrPercent(value, `spec.${key}`));
      if (typeof value === 'string' && Number.parseInt(value, 10) > 100) {
        causes.push(invalidValue(`spec.${key}`, value, 'must not be greater than 100%'));
      }
    }
    if (policy !== undefined && !policies.includes(policy)) {
      causes.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, policies));
    }
    return [...causes, ...(selector ? validateSelector(selector, 'spec.selector') : [])];
  },
});
