import {
  isPodActive,
  isPodReady,
  type MetricSpec,
  type MetricStatus,
  parseQuantity,
  type Pod,
  quantityMillis,
} from '#shared/api';

/** What the containers of pods use, in thousandths of the resource's unit: by pod and container. */
export type Usage = ReadonlyMap<string, ReadonlyMap<string, Readonly<Record<string, number>>>>;

/** How far the ratio may be from 1 without a change, as in Kubernetes. */
const tolerance = 0.1;

export type Measured =
  | { readonly desired: number; readonly status: MetricStatus; readonly says: string }
  | { readonly error: string; readonly reason: string };

type Target = NonNullable<MetricSpec['resource']>['target'];

/** How many pods a metric asks for, given what the present ones use. */
export function measure(
  metric: MetricSpec,
  pods: readonly Pod[],
  usage: Usage,
  current: number,
): Measured {
  const source = metric.type === 'ContainerResource' ? metric.containerResource : metric.resource;
  if (!source) {
    return {
      reason: 'InvalidMetricSourceType',
      error: `metrics of type ${metric.type} are not served`,
    };
  }
  const { name, target } = source;
  const container = metric.containerResource?.container;
  const counted = pods.filter((pod) => isPodActive(pod) && usage.has(pod.metadata?.name ?? ''));
  const failed = { reason: 'FailedGetResourceMetric' };
  if (counted.length === 0) {
    const error = `failed to get ${name} utilization: unable to get metrics for resource ${name}: no metrics returned from resource metrics API`;
    return { ...failed, error };
  }
  let used = 0;
  let requested = 0;
  for (const pod of counted) {
    for (const { name: containerName, resources } of pod.spec?.containers ?? []) {
      if (container !== undefined && containerName !== container) continue;
      used += usage.get(pod.metadata?.name ?? '')?.get(containerName)?.[name] ?? 0;
      const request = resources?.requests?.[name];
      if (target.averageUtilization !== undefined && request === undefined) {
        const error = `failed to get ${name} utilization: missing request for ${name} in container ${containerName} of Pod ${pod.metadata?.name}`;
        return { ...failed, error };
      }
      requested += request === undefined ? 0 : quantityMillis(parseQuantity(request));
    }
  }
  const average = Math.ceil(used / counted.length);
  const percent = requested === 0 ? 0 : Math.floor((used * 100) / requested);
  const ratio = ratioOf(target, percent, average);
  return {
    desired: desiredFor(ratio, current, counted, pods),
    status: statusOf(metric, name, container, target, percent, average),
    says: `${name} resource utilization (percentage of request) ${ratio > 1 ? 'above' : 'below'} target`,
  };
}

function ratioOf(target: Target, percent: number, average: number): number {
  if (target.averageUtilization !== undefined) return percent / target.averageUtilization;
  const wanted = quantityMillis(parseQuantity(target.averageValue ?? target.value ?? '0'));
  return wanted === 0 ? 1 : average / wanted;
}

/** Pods that nothing is known of count as idle when more are asked for, and as busy when fewer. */
function desiredFor(
  ratio: number,
  current: number,
  counted: readonly Pod[],
  pods: readonly Pod[],
): number {
  if (Math.abs(ratio - 1) <= tolerance) return current;
  const unknown = pods.filter((pod) => isPodActive(pod) && !isPodReady(pod)).length;
  const desired = Math.ceil(ratio * counted.length);
  if (ratio > 1) return Math.max(desired, current);
  return Math.min(desired + unknown, current);
}

const milli = (value: number): string => (value % 1000 === 0 ? String(value / 1000) : `${value}m`);

function statusOf(
  { type }: MetricSpec,
  name: string,
  container: string | undefined,
  target: Target,
  percent: number,
  average: number,
): MetricStatus {
  const current = {
    averageValue: milli(average),
    ...(target.averageUtilization !== undefined && { averageUtilization: percent }),
  };
  return container === undefined
    ? { type, resource: { name, current } }
    : { type, containerResource: { name, container, current } };
}
