import { QuorateError } from '#shared/base';
import {
  isPodReady,
  isPodTerminal,
  type KubeObject,
  labelSelectorMatcher,
  type Pod,
  type PodDisruptionBudget,
  type Resource,
} from '#shared/api';
import type { WriteOptions } from '#shared/client';
import type { Registry } from '../registry/registry.ts';

/** How long a caller should wait for the controller to look at a new budget. */
const settleSeconds = 10;

/**
 * Takes one disruption from the budget that covers a pod; throws `resource-exhausted` where it has
 * none left. In one write on the budget, so that two evictions never share the last one.
 */
export async function spendBudget(
  registry: Registry,
  budgets: Resource,
  pod: Pod,
  options: WriteOptions & { readonly now: string },
): Promise<void> {
  const { namespace = '', name = '', labels } = pod.metadata ?? {};
  if (isPodTerminal(pod) || pod.status?.phase === 'Pending' || pod.metadata?.deletionTimestamp)
    return;
  const { items } = await registry.list(budgets, { namespace });
  const covering = (items as readonly PodDisruptionBudget[]).filter(({ spec }) =>
    labelSelectorMatcher(spec?.selector).matches(labels),
  );
  const [budget] = covering;
  if (!budget) return;
  if (covering.length > 1) {
    throw new QuorateError(
      'internal',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  // A pod that serves nobody costs its application nothing, once that is healthy by itself.
  if (!isPodReady(pod) && mayGoUnhealthy(budget)) return;
  const spend = (current: KubeObject): KubeObject => spent(current, name, options.now);
  const { fence, dryRun } = options;
  await registry.change(budgets, namespace, budget.metadata?.name ?? '', spend, { fence, dryRun });
}

function mayGoUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function spent(budget: PodDisruptionBudget, pod: string, now: string): KubeObject {
  const { metadata, status } = budget;
  const name = metadata?.name ?? '';
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    const why = `The disruption budget ${name} is still being processed by the server.`;
    throw violates(why, settleSeconds);
  }
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status ?? {};
  if (disruptionsAllowed <= 0) {
    const why = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    throw violates(why);
  }
  const disruptedPods = { ...status?.disruptedPods, [pod]: now };
  const next = { ...status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods };
  return { ...budget, status: next } as KubeObject;
}

const violates = (why: string, retryAfterSeconds?: number): QuorateError =>
  new QuorateError(
    'resource-exhausted',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      details: {
        causes: [{ field: '', message: why, reason: 'DisruptionBudget' }],
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      },
    },
  );
