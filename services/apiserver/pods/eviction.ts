import {
  badRequest,
  disruptionTarget,
  type KubeObject,
  type Pod,
  type PodCondition,
  type Resource,
  setCondition,
  type Status,
} from '#shared/api';
import type { WriteOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import { parseDeleteOptions } from '../registry/options.ts';
import { checkPreconditions, timestamp } from '../registry/deletion.ts';
import type { Registry } from '../registry/registry.ts';
import { spendBudget } from './budgets.ts';

interface Eviction {
  readonly metadata?: { readonly name?: unknown };
  readonly deleteOptions?: unknown;
}

/** Deletes a pod for whoever drains its node, as far as its budget allows: Kubernetes' pods/eviction. */
export async function evictPod(
  registry: Registry,
  pods: Resource,
  budgets: Resource,
  clock: Clock,
  name: string,
  body: unknown,
  options: WriteOptions,
): Promise<Status> {
  const { metadata, deleteOptions } = (body ?? {}) as Eviction;
  if (metadata?.name !== undefined && metadata.name !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const { namespace, fence, dryRun } = options;
  const asked = parseDeleteOptions(deleteOptions);
  const limits = { fence, dryRun: dryRun === true || asked.dryRun === true };
  const pod: Pod = await registry.get(pods, name, namespace);
  checkPreconditions(pods, pod, asked);
  const now = timestamp(clock.now());
  await spendBudget(registry, budgets, pod, { ...limits, now });
  const marked = (current: KubeObject): KubeObject => {
    checkPreconditions(pods, current, asked);
    return withReason(current, now);
  };
  const place = pod.metadata?.namespace ?? '';
  const { metadata: { resourceVersion } = {} } = await registry.change(
    pods,
    place,
    name,
    marked,
    limits,
  );
  // Whoever meant one version means the one that is marked.
  const version = asked.resourceVersion !== undefined && { resourceVersion };
  await registry.delete(pods, name, { ...asked, ...version, ...limits, namespace });
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

function withReason(pod: Pod, now: string): Pod {
  const message = 'Eviction API: evicting';
  const condition = disruptionTarget('EvictionByEvictionAPI', message, now);
  const conditions = setCondition<PodCondition>(pod.status?.conditions, condition);
  return { ...pod, status: { ...pod.status, conditions } };
}
