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
    causes.push(...misplacedScopes(spec));
    if (old && !equalJson(spec.scopes ?? [], old.spec?.scopes ?? [])) {
      causes.push(invalidValue('spec.scopes', spec.scopes, 'field is immutable'));
    }
    return causes;
  },
});

/** What is counted of pods: all that a scope can tell apart. */
const ofPods = new Set(
  'pods cpu memory requests.cpu requests.memory limits.cpu limits.memory'.split(' '),
);
const ofOthers = new Set(
  'configmaps persistentvolumeclaims replicationcontrollers resourcequotas secrets services services.loadbalancers services.nodeports requests.storage'.split(
    ' ',
  ),
);

/** Pods of the best effort ask for nothing: they can only be counted. */
function misplacedScopes({
  hard = {},
  scopes: chosen = [],
}: NonNullable<ResourceQuota['spec']>): FieldCause[] {
  const standard = Object.keys(hard).filter((name) => ofPods.has(name) || ofOthers.has(name));
  const causes = chosen
    .filter((scope) => scopes.includes(scope))
    .flatMap((scope) => {
      const fits = (name: string) => (scope === 'BestEffort' ? name === 'pods' : ofPods.has(name));
      return standard
        .filter((name) => !fits(name))
        .map(() => invalidValue('spec.scopes', chosen, 'unsupported scope applied to resource'));
    });
  const opposites = [
    ['BestEffort', 'NotBestEffort'],
    ['NotTerminating', 'Terminating'],
  ];
  for (const pair of opposites) {
    if (pair.every((scope) => chosen.includes(scope))) {
      causes.push(invalidValue('spec.scopes', chosen, 'conflicting scopes'));
    }
  }
  return causes;
}

function usage({ status = {} }: ResourceQuota, limits: boolean): string {
  const { hard = {}, used = {} } = status;
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}
