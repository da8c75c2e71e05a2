import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, required } from '../causes.ts';
import type { PodSpec } from '../types.ts';
import { qualifiedName } from './names.ts';
import { validateSelector } from './selectors.ts';

type Affinity = NonNullable<PodSpec['affinity']>;
type NodeTerm = NonNullable<
  NonNullable<Affinity['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms'][number];
type NodeRequirement = NonNullable<NodeTerm['matchExpressions']>[number];
type PodTerm = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution';

/** What a pod asks of its node and of the pods beside it. */
export function validateAffinity(affinity: PodSpec['affinity'], field: string): FieldCause[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  return [
    ...validateNodeAffinity(nodeAffinity, `${field}.nodeAffinity`),
    ...validatePodAffinity(podAffinity, `${field}.podAffinity`),
    ...validatePodAffinity(podAntiAffinity, `${field}.podAntiAffinity`),
  ];
}

function validateNodeAffinity(affinity: Affinity['nodeAffinity'], field: string): FieldCause[] {
  const { [requiredTerms]: needed, [preferredTerms]: preferred = [] } = affinity ?? {};
  const terms = needed?.nodeSelectorTerms ?? [];
  const at = `${field}.${requiredTerms}.nodeSelectorTerms`;
  return [
    ...(needed && terms.length === 0
      ? [required(at, 'must have at least one node selector term')]
      : []),
    ...terms.flatMap((term, i) => validateNodeTerm(term, `${at}[${i}]`)),
    ...preferred.flatMap(({ weight, preference }, i) => {
      const each = `${field}.${preferredTerms}[${i}]`;
      return [
        ...validateWeight(weight, `${each}.weight`),
        ...validateNodeTerm(preference, `${each}.preference`),
      ];
    }),
  ];
}

const validateNodeTerm = ({ matchExpressions = [] }: NodeTerm, field: string): FieldCause[] =>
  matchExpressions.flatMap((requirement, i) =>
    validateRequirement(requirement, `${field}.matchExpressions[${i}]`),
  );

function validateRequirement(
  { key, operator, values = [] }: NodeRequirement,
  field: string,
): FieldCause[] {
  const causes = qualifiedName(key).map((error) => invalidValue(`${field}.key`, key, error));
  const count = values.length;
  const at = `${field}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count > 0) return causes;
      return [...causes, required(at, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      if (count === 0) return causes;
      return [
        ...causes,
        forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      ];
    case 'Gt':
    case 'Lt':
      if (count === 1) return causes;
      return [
        ...causes,
        required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
      ];
    default:
      return [
        ...causes,
        invalidValue(`${field}.operator`, operator, 'not a valid selector operator'),
      ];
  }
}

function validatePodAffinity(affinity: Affinity['podAffinity'], field: string): FieldCause[] {
  const { [requiredTerms]: needed = [], [preferredTerms]: preferred = [] } = affinity ?? {};
  return [
    ...needed.flatMap((term, i) => validatePodTerm(term, `${field}.${requiredTerms}[${i}]`)),
    ...preferred.flatMap(({ weight, podAffinityTerm }, i) => {
      const at = `${field}.${preferredTerms}[${i}]`;
      return [
        ...validateWeight(weight, `${at}.weight`),
        ...validatePodTerm(podAffinityTerm, `${at}.podAffinityTerm`),
      ];
    }),
  ];
}

function validatePodTerm(
  { labelSelector, namespaceSelector, topologyKey }: PodTerm,
  field: string,
): FieldCause[] {
  const key = `${field}.topologyKey`;
  return [
    ...(labelSelector ? validateSelector(labelSelector, `${field}.labelSelector`) : []),
    ...(namespaceSelector ? validateSelector(namespaceSelector, `${field}.namespaceSelector`) : []),
    ...(topologyKey === ''
      ? [required(key, 'can not be empty')]
      : qualifiedName(topologyKey).map((error) => invalidValue(key, topologyKey, error))),
  ];
}

const validateWeight = (weight: number, field: string): FieldCause[] =>
  weight >= 1 && weight <= 100 ? [] : [invalidValue(field, weight, 'must be in the range 1-100')];
