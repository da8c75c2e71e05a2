import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from '../types.ts';

/** Where version 1 keeps what it has no fields for. */
const metricsKey = 'autoscaling.alpha.kubernetes.io/metrics';
const behaviorKey = 'autoscaling.alpha.kubernetes.io/behavior';

type Spec = NonNullable<HorizontalPodAutoscaler['spec']>;

export function autoscalerToV1(stored: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { metadata, spec, status } = stored;
  const { metrics = [], behavior, ...rest } = spec ?? ({} as Spec);
  const cpu = metrics.findIndex(isCpuUtilization);
  const others = metrics.filter((_, i) => i !== cpu);
  const percentage = metrics[cpu]?.resource?.target.averageUtilization;
  const current = status?.currentMetrics?.find(({ resource }) => resource?.name === 'cpu');
  const utilization = current?.resource?.current.averageUtilization;
  const annotations = {
    ...metadata?.annotations,
    ...(others.length > 0 && { [metricsKey]: JSON.stringify(others) }),
    ...(behavior && { [behaviorKey]: JSON.stringify(behavior) }),
  };
  const {
    currentMetrics: _m,
    conditions: _c,
    ...counts
  } = status ?? {
    currentReplicas: 0,
    desiredReplicas: 0,
  };
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      ...rest,
      ...(percentage !== undefined && { targetCPUUtilizationPercentage: percentage }),
    },
    status: {
      ...counts,
      currentReplicas: counts.currentReplicas ?? 0,
      ...(utilization !== undefined && { currentCPUUtilizationPercentage: utilization }),
    },
  };
}

export function autoscalerFromV1(given: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const { metadata, spec, status } = given;
  const { targetCPUUtilizationPercentage: percentage, ...rest } =
    spec ??
    ({} as Spec & {
      targetCPUUtilizationPercentage?: number;
    });
  const { annotations: noted = {}, ...named } = metadata ?? {};
  const { [metricsKey]: others, [behaviorKey]: behavior, ...annotations } = noted;
  const target = { type: 'Utilization', averageUtilization: percentage };
  const metrics = [
    ...(percentage === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target } }]),
    ...listIn(others),
  ];
  const { currentCPUUtilizationPercentage: _u, ...counts } = status ?? {
    currentReplicas: 0,
    desiredReplicas: 0,
  };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...named, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      ...rest,
      ...(metrics.length > 0 && { metrics }),
      ...(behavior !== undefined && { behavior: parsed(behavior) }),
    } as Spec,
    status: { ...counts, currentReplicas: counts.currentReplicas ?? 0 },
  };
}

const isCpuUtilization = ({ type, resource }: NonNullable<Spec['metrics']>[number]): boolean =>
  type === 'Resource' &&
  resource?.name === 'cpu' &&
  resource.target.averageUtilization !== undefined;

function listIn(text: string | undefined): NonNullable<Spec['metrics']> {
  const list = text === undefined ? [] : parsed(text);
  return Array.isArray(list) ? list : [];
}

/** Undefined for text that is no JSON: an annotation is anybody's. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
