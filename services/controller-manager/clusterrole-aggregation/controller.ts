import { type ClusterRole, equalJson, labelSelectorMatcher, refs } from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';

type Rules = NonNullable<ClusterRole['rules']>;

/** Keeps the rules of cluster roles that are the sum of others. */
export function clusterRoleAggregation(context: ControllerContext): Controller {
  const { informers, api } = context;
  const roles = informers.of<ClusterRole>(refs.clusterRoles);
  const queue = controllerQueue(context, 'clusterrole-aggregation');
  // Any role may be a part of any sum, and sums are few.
  const enqueueSums = (): void => {
    for (const { aggregationRule, metadata } of roles.store.list()) {
      if (aggregationRule) queue.add(metadata?.name ?? '');
    }
  };
  roles.addHandlers({ added: enqueueSums, updated: enqueueSums, deleted: enqueueSums });
  const reconcile = async (name: string): Promise<ReconcileResult> => {
    const role = roles.store.get(name);
    if (!role?.aggregationRule) return undefined;
    const rules = sumOf(role, roles.store.list());
    if (!equalJson(rules, role.rules ?? []))
      await api.update(refs.clusterRoles, { ...role, rules });
    return undefined;
  };
  return queuedController('clusterrole-aggregation', queue, reconcile);
}

/** In the order of the roles' names, each rule once. */
function sumOf({ aggregationRule, metadata }: ClusterRole, all: readonly ClusterRole[]): Rules {
  const matchers = (aggregationRule?.clusterRoleSelectors ?? []).map(labelSelectorMatcher);
  const parts = all
    .filter((role) => role.metadata?.name !== metadata?.name)
    .filter((role) => matchers.some((matcher) => matcher.matches(role.metadata?.labels ?? {})))
    .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  const sum: Rules = [];
  for (const rule of parts.flatMap(({ rules }) => rules ?? [])) {
    if (!sum.some((present) => equalJson(present, rule))) sum.push(rule);
  }
  return sum;
}
