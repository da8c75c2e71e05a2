import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { equalJson } from '../equal.ts';
import { tryParseQuantity } from '../quantity.ts';
import type { ResourceQuota } from '../types.ts';
import { qualifiedName } from '../validation/names.ts';
import { atLeastZero } from '../validation/probes.ts';
import { declare } from './declare.ts';

const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
];

export const resourceQuota = declare<ResourceQuota>({
  group: '',
  resource: 'resourcequotas',
  kind: 'ResourceQuota',
  shortNames: ['quota'],
  hasStatus: true,
  columns: [
    nameColumn,
    ageColumn,
    column('Request', (quota) => usage(quota, false), 'Requests and counts, used and hard.'),
    column('Limit', (quota) => usage(quota, true), 'Limits, used and hard.'),
  ],
  prepareForCreate: (draft) => {
    draft.status = {};
  },
  validate: ({ spec = {} }, old) => {
    const causes: FieldCause[] = [];
    for (const [name, text] of Object.entries(spec.hard ?? {})) {
      const at = `spec.hard[${name}]`;
      for (const error of qualifiedName(name)) causes.push(invalidValue(at, name, error));
      const amount = tryParseQuantity(text);
      if (amount && amount.nano < 0n) causes.push(invalidValue(at, text, atLeastZero));
    }
    for (const [i, scope] of (spec.scopes ?? []).entries()) {
      if (!scopes.includes(scope)) causes.push(notSupported(`spec.scopes[${i}]`, scope, scopes));
    }
    if (old && !equalJson(spec.scopes ?? [], old.spec?.scopes ?? [])) {
      causes.push(invalidValue('spec.scopes', spec.scopes, 'field is immutable'));
    }
    return causes;
  },
});

function usage({ status = {} }: ResourceQuota, limits: boolean): string {
  const { hard = {}, used = {} } = status;
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}
