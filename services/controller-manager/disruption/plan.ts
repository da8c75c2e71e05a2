import {
  isPodReady,
  isPodTerminal,
  labelSelectorMatcher,
  type Pod,
  type PodDisruptionBudget,
  scaledValue,
} from '#shared/api';

type Status = NonNullable<PodDisruptionBudget['status']>;
type Condition = NonNullable<Status['conditions']>[number];

/** An eviction that was allowed counts against the budget until its pod goes, or for this long. */
const disruptedForMs = 120_000;

/** The pods that a budget speaks of; an empty selector means all of its namespace. */
export function coveredPods({ spec }: PodDisruptionBudget, pods: readonly Pod[]): Pod[] {
  const matcher = labelSelectorMatcher(spec?.selector);
  return pods.filter((pod) => !isPodTerminal(pod) && matcher.matches(pod.metadata?.labels));
}

/** `expected` is how many pods there would be, by what makes them. */
export function budgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: number,
  now: { readonly ms: number; readonly timestamp: string },
): Status {
  const { spec = {}, status } = budget;
  const staying = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const names = new Set(staying.map(({ metadata }) => metadata?.name));
  const disrupted = Object.fromEntries(
    Object.entries(status?.disruptedPods ?? {}).filter(
      ([name, since]) => names.has(name) && now.ms - Date.parse(since) < disruptedForMs,
    ),
  );
  const healthy = staying.filter(
    (pod) => isPodReady(pod) && !Object.hasOwn(disrupted, pod.metadata?.name ?? ''),
  );
  const desired =
    spec.maxUnavailable === undefined
      ? scaledValue(spec.minAvailable ?? 1, expected, 'up')
      : Math.max(expected - scaledValue(spec.maxUnavailable, expected, 'up'), 0);
  const allowed = expected > 0 ? Math.max(healthy.length - desired, 0) : 0;
  return {
    currentHealthy: healthy.length,
    desiredHealthy: desired,
    expectedPods: expected,
    disruptionsAllowed: allowed,
    observedGeneration: budget.metadata?.generation ?? 0,
    ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
    conditions: [condition(status, allowed, budget, now.timestamp)],
  };
}

function condition(
  before: Status | undefined,
  allowed: number,
  { metadata }: PodDisruptionBudget,
  timestamp: string,
): Condition {
  const type = 'DisruptionAllowed';
  const old = before?.conditions?.find((each) => each.type === type);
  const status = allowed > 0 ? 'True' : 'False';
  return {
    type,
    status,
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: metadata?.generation ?? 0,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : timestamp,
  };
}
