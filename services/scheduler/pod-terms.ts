import { type LabelSelectorMatcher, labelSelectorMatcher, type Pod } from '#shared/api';

type Affinity = NonNullable<NonNullable<Pod['spec']>['affinity']>;
type Required = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];
type LabelSelector = Parameters<typeof labelSelectorMatcher>[0];

/** Which pods one wants, or does not want, in the same place, and what a place is. */
export interface PodTerm {
  readonly topologyKey: string;
  readonly matches: (other: Pod) => boolean;
}

/** The terms of a pod's affinity to other pods, ready to be asked. */
export interface PodTerms {
  readonly affinity: readonly PodTerm[];
  readonly antiAffinity: readonly PodTerm[];
  /** Negative where the others are better avoided. */
  readonly preferred: readonly { readonly weight: number; readonly term: PodTerm }[];
}

const none: PodTerms = { affinity: [], antiAffinity: [], preferred: [] };

export function podTerms(pod: Pod): PodTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return none;
  const required = (side: Affinity['podAffinity']): PodTerm[] =>
    (side?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => termOf(each, pod));
  const preferred = (side: Affinity['podAffinity'], sign: number) =>
    (side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({
      weight: sign * each.weight,
      term: termOf(each.podAffinityTerm, pod),
    }));
  return {
    affinity: required(podAffinity),
    antiAffinity: required(podAntiAffinity),
    preferred: [...preferred(podAffinity, 1), ...preferred(podAntiAffinity, -1)],
  };
}

function termOf(term: Required, { metadata }: Pod): PodTerm {
  const { topologyKey, labelSelector, namespaces = [], namespaceSelector } = term;
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  const matcher = selectorMatcher(labelSelector);
  const own = metadata?.labels ?? {};
  const named = namespaces.length > 0 || namespaceSelector ? namespaces : [metadata?.namespace];
  const everywhere = namespaceSelector !== undefined && selectorMatcher(namespaceSelector).empty;
  return {
    topologyKey,
    matches: ({ metadata: other = {} }) =>
      (everywhere || named.includes(other.namespace ?? '')) &&
      matcher.matches(other.labels) &&
      matchLabelKeys.every((key) => !(key in own) || other.labels?.[key] === own[key]) &&
      mismatchLabelKeys.every((key) => !(key in own) || other.labels?.[key] !== own[key]),
  };
}

/** A selector that cannot be read, which the API refuses, selects nothing. */
export function selectorMatcher(selector: LabelSelector): LabelSelectorMatcher {
  try {
    return labelSelectorMatcher(selector);
  } catch {
    return labelSelectorMatcher(undefined);
  }
}
