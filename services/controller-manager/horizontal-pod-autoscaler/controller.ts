import {
  equalJson,
  type HorizontalPodAutoscaler,
  type KubeObject,
  labelSelectorMatcher,
  type LabelSelector,
  objectKey,
  parseQuantity,
  quantityMillis,
  refs,
  type ResourceRef,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { type EventRecorder, type ReconcileResult, timestamp } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
  recorderOf,
} from '../controller.ts';
import { writeStatus } from '../write-status.ts';
import { measure, type Usage } from './metrics.ts';
import { planScale } from './plan.ts';
import { type History, remember, untold } from './scaling-rules.ts';

/** Served by the API server, which asks the nodes. */
const podMetrics: ResourceRef = { group: 'metrics.k8s.io', version: 'v1beta1', resource: 'pods' };

/** What can be scaled, by kind; all have spec.replicas and a selector. */
const scalable: Readonly<Record<string, ResourceRef>> = {
  Deployment: refs.deployments,
  ReplicaSet: refs.replicaSets,
  ReplicationController: refs.replicationControllers,
  StatefulSet: refs.statefulSets,
};

type Scalable = KubeObject & { spec?: { replicas?: number; selector?: object } };
type PodMetrics = KubeObject & {
  containers?: { name: string; usage: Record<string, string> }[];
};

/** Sizes workloads by what their pods use. */
export function horizontalPodAutoscalerController(context: ControllerContext): Controller {
  const queue = controllerQueue(context, 'horizontal-pod-autoscaler');
  const autoscalers = context.informers.of<HorizontalPodAutoscaler>(refs.horizontalPodAutoscalers);
  for (const ref of Object.values(scalable)) context.informers.of(ref);
  const events = recorderOf(context, 'horizontal-pod-autoscaler');
  const history = new Map<string, History>();
  autoscalers.addHandlers({
    added: (each) => queue.add(objectKey(each)),
    updated: (before, after) => {
      if (!equalJson(before.spec, after.spec)) queue.add(objectKey(after));
    },
    deleted: (each) => history.delete(objectKey(each)),
  });
  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const autoscaler = autoscalers.store.get(key);
    if (!autoscaler || autoscaler.metadata?.deletionTimestamp !== undefined) return undefined;
    await scale(context, events, autoscaler, history);
    return { requeueAfterMs: context.config.autoscalerPeriodMs };
  };
  return queuedController('horizontal-pod-autoscaler', queue, reconcile);
}

async function scale(
  context: ControllerContext,
  events: EventRecorder,
  autoscaler: HorizontalPodAutoscaler,
  history: Map<string, History>,
): Promise<void> {
  const { api, informers, clock } = context;
  const { namespace = '' } = autoscaler.metadata ?? {};
  const { kind = '', name = '' } = autoscaler.spec?.scaleTargetRef ?? {};
  const ref = scalable[kind];
  const target = ref && informers.of<Scalable>(ref).store.get(`${namespace}/${name}`);
  if (!ref || !target) {
    const message = `the HPA controller was unable to get the target's current scale: ${kind} "${name}" not found`;
    await writeUnable(context, autoscaler, message);
    return;
  }
  const selector = selectorOf(target);
  const matcher = labelSelectorMatcher(selector);
  const pods = informers.pods.store
    .list(namespace)
    .filter((pod) => matcher.matches(pod.metadata?.labels));
  const usage = await usageIn(context, namespace);
  const current = target.spec?.replicas ?? 1;
  const metrics = autoscaler.spec?.metrics ?? [];
  const measured = metrics.map((metric) => measure(metric, pods, usage, current));
  const key = objectKey(autoscaler);
  const now = { ms: clock.now(), timestamp: timestamp(clock) };
  // What there was when nobody had looked yet is as good as recommended.
  const known = history.get(key) ?? remember(untold, current, 0, now.ms);
  const plan = planScale(autoscaler, current, measured, known, now);
  const failed = measured.flatMap((each) => ('error' in each ? [each] : []));
  for (const { reason, error } of failed) events.event(autoscaler, 'Warning', reason, error);
  if (failed[0] && current > 0) {
    const count = `${failed.length} invalid out of ${measured.length}`;
    const message = `invalid metrics (${count}), first error is: ${failed[0].error}`;
    events.event(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', message);
  }
  const best = measured.flatMap((each) => ('desired' in each ? [each.desired] : []));
  const recommended = Math.max(current === 0 ? 0 : 1, ...best);
  if (plan.replicas !== current) {
    const patch = { spec: { replicas: plan.replicas } };
    await api.patch(ref, name, 'merge', patch, { namespace, subresource: 'scale' });
    const message = `New size: ${plan.replicas}; reason: ${plan.says ?? 'current number of replicas out of range'}`;
    events.event(autoscaler, 'Normal', 'SuccessfulRescale', message);
  }
  history.set(key, remember(known, recommended, plan.replicas - current, now.ms));
  await writeStatus(api, refs.horizontalPodAutoscalers, autoscaler, plan.status);
}

/** A selector is an object of its own, or just labels in ReplicationControllers. */
function selectorOf({ kind, spec }: Scalable): LabelSelector | undefined {
  const selector = spec?.selector;
  return kind === 'ReplicationController'
    ? { matchLabels: selector as Record<string, string> }
    : selector;
}

/** None where nothing is measured: a metric says then what it misses. */
async function usageIn({ api }: ControllerContext, namespace: string): Promise<Usage> {
  try {
    const { items } = await api.list<PodMetrics>(podMetrics, { namespace });
    return new Map(
      items.map(({ metadata, containers = [] }) => [
        metadata?.name ?? '',
        new Map(containers.map((each) => [each.name, millisOf(each.usage)])),
      ]),
    );
  } catch (thrown) {
    if (QuorateError.is(thrown, 'not-found', 'unimplemented', 'unavailable')) return new Map();
    throw thrown;
  }
}

const millisOf = (usage: Record<string, string>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(usage).map(([name, text]) => [name, quantityMillis(parseQuantity(text))]),
  );

async function writeUnable(
  { api, clock }: ControllerContext,
  autoscaler: HorizontalPodAutoscaler,
  message: string,
): Promise<void> {
  const old = autoscaler.status?.conditions?.find(({ type }) => type === 'AbleToScale');
  const since = old?.status === 'False' ? old.lastTransitionTime : undefined;
  const condition = {
    type: 'AbleToScale',
    status: 'False',
    reason: 'FailedGetScale',
    message,
    lastTransitionTime: since ?? timestamp(clock),
  };
  const { currentReplicas = 0, desiredReplicas = 0 } = autoscaler.status ?? {};
  await writeStatus(api, refs.horizontalPodAutoscalers, autoscaler, {
    currentReplicas,
    desiredReplicas,
    conditions: [condition],
  });
}
