import type { FieldCause } from '#shared/base';
import { invalidValue } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Lease } from '../types.ts';
import { atLeastZero } from '../validation/probes.ts';
import { declare } from './declare.ts';

export const lease = declare<Lease>({
  group: 'coordination.k8s.io',
  resource: 'leases',
  kind: 'Lease',
  columns: [
    nameColumn,
    column('Holder', ({ spec }) => spec?.holderIdentity ?? '', 'Who holds the lease.'),
    ageColumn,
  ],
  validate: ({ spec = {} }) => {
    const { leaseDurationSeconds, leaseTransitions = 0 } = spec;
    const causes: FieldCause[] = [];
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
      const field = 'spec.leaseDurationSeconds';
      causes.push(invalidValue(field, leaseDurationSeconds, 'must be greater than 0'));
    }
    if (leaseTransitions < 0) {
      causes.push(invalidValue('spec.leaseTransitions', leaseTransitions, atLeastZero));
    }
    return causes;
  },
});
