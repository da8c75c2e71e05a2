import { labelSelectorMatcher, type PodDisruptionBudget } from '#shared/api';
import type { PodInfo } from '../node-info.ts';

export interface Split {
  /** Without these, some budget is overdrawn. */
  readonly violating: readonly PodInfo[];
  readonly covered: readonly PodInfo[];
}

/** Which of the pods can go on the disruptions that their budgets still allow: the first come first. */
export function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): Split {
  const open = budgets.map(({ metadata, spec, status }) => ({
    namespace: metadata?.namespace,
    matcher: labelSelectorMatcher(spec?.selector),
    disrupted: status?.disruptedPods ?? {},
    left: status?.disruptionsAllowed ?? 0,
  }));
  const violating: PodInfo[] = [];
  const covered: PodInfo[] = [];
  for (const info of pods) {
    const { name = '', namespace, labels } = info.pod.metadata ?? {};
    const its = open.filter(
      (budget) =>
        budget.namespace === namespace &&
        budget.matcher.matches(labels) &&
        // The budget has paid for this one already.
        !Object.hasOwn(budget.disrupted, name),
    );
    for (const budget of its) budget.left--;
    if (its.some(({ left }) => left < 0)) violating.push(info);
    else covered.push(info);
  }
  return { violating, covered };
}
