import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  MetricSpec,
  MetricStatus,
} from '../types.ts';
import { autoscalerFromV1, autoscalerToV1 } from '../versions/horizontal-pod-autoscaler.ts';
import { declare } from './declare.ts';
import { servedAs } from './served-as.ts';

type Target = MetricStatusValue & { averageUtilization?: number };
interface MetricStatusValue {
  value?: string;
  averageValue?: string;
}

const maxShown = 2;

export const horizontalPodAutoscaler = declare<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  resource: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  hasStatus: true,
  columns: [
    nameColumn,
    column(
      'Reference',
      ({ spec }) => (spec ? `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` : ''),
      'What it scales.',
    ),
    column('Targets', targets, 'What is measured, and what is wanted.'),
    column('MinPods', ({ spec }) => String(spec?.minReplicas ?? '<unset>'), 'At least so many.'),
    column('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0, 'At most so many.', 'integer'),
    column('Replicas', ({ status }) => status?.currentReplicas ?? 0, 'How many now.', 'integer'),
    ageColumn,
  ],
  prepareForCreate: (draft) => {
    draft.status = { desiredReplicas: 0 };
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.minReplicas ??= 1;
    if (!spec.metrics || spec.metrics.length === 0) {
      const target = { type: 'Utilization', averageUtilization: 80 };
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
    }
    if (spec.behavior) defaultBehavior(spec.behavior);
  },
  validate: ({ spec }) => {
    if (!spec) return [required('spec')];
    const { minReplicas = 1, maxReplicas, scaleTargetRef, metrics = [] } = spec;
    const causes: FieldCause[] = [];
    if (minReplicas < 1) {
      const detail = 'must be greater than or equal to 1';
      causes.push(invalidValue('spec.minReplicas', minReplicas, detail));
    }
    if (maxReplicas < 1) {
      causes.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
    }
    if (maxReplicas < minReplicas) {
      const detail = 'must be greater than or equal to `minReplicas`';
      causes.push(invalidValue('spec.maxReplicas', maxReplicas, detail));
    }
    for (const key of ['kind', 'name'] as const) {
      if (scaleTargetRef[key] === '') causes.push(required(`spec.scaleTargetRef.${key}`));
    }
    return [
      ...causes,
      ...metrics.flatMap((metric, i) => validateMetric(metric, `spec.metrics[${i}]`)),
      ...validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'),
      ...validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'),
    ];
  },
});

/** The older view of the same objects. */
export const horizontalPodAutoscalerV1 = servedAs<
  HorizontalPodAutoscalerV1,
  HorizontalPodAutoscaler
>({
  group: 'autoscaling',
  version: 'v1',
  resource: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  stored: horizontalPodAutoscaler,
  from: autoscalerToV1,
  to: autoscalerFromV1,
});

type Behavior = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']>['behavior']>;

function defaultBehavior(behavior: Behavior): void {
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  const up = (behavior.scaleUp ??= {});
  up.stabilizationWindowSeconds ??= 0;
  up.selectPolicy ??= 'Max';
  up.policies ??= [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent];
  const down = (behavior.scaleDown ??= {});
  down.selectPolicy ??= 'Max';
  down.policies ??= [percent];
}

const longestWindow = 3_600;
const longestPeriod = 1_800;

function validateRules(rules: Behavior['scaleUp'], field: string): FieldCause[] {
  const { stabilizationWindowSeconds: window = 0, selectPolicy = 'Max', policies } = rules ?? {};
  const causes: FieldCause[] = [];
  const say = (at: string, value: number, detail: string): void => {
    causes.push(invalidValue(`${field}.${at}`, value, detail));
  };
  if (window < 0)
    say('stabilizationWindowSeconds', window, 'must be greater than or equal to zero');
  if (window > longestWindow) {
    say('stabilizationWindowSeconds', window, `must be less than or equal to ${longestWindow}`);
  }
  const choices = ['Max', 'Min', 'Disabled'];
  if (!choices.includes(selectPolicy)) {
    causes.push(notSupported(`${field}.selectPolicy`, selectPolicy, choices));
  }
  if (rules && policies?.length === 0) {
    causes.push(required(`${field}.policies`, 'must specify at least one Policy'));
  }
  for (const [i, { type, value, periodSeconds }] of (policies ?? []).entries()) {
    const types = ['Pods', 'Percent'];
    if (!types.includes(type)) {
      causes.push(notSupported(`${field}.policies[${i}].type`, type, types));
    }
    if (value <= 0) say(`policies[${i}].value`, value, 'must be greater than zero');
    if (periodSeconds <= 0) {
      say(`policies[${i}].periodSeconds`, periodSeconds, 'must be greater than zero');
    }
    if (periodSeconds > longestPeriod) {
      const detail = `must be less than or equal to ${longestPeriod}`;
      say(`policies[${i}].periodSeconds`, periodSeconds, detail);
    }
  }
  return causes;
}

const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

function validateMetric(metric: MetricSpec, field: string): FieldCause[] {
  const key = sources[metric.type as keyof typeof sources] as keyof MetricSpec | undefined;
  if (!key) return [required(`${field}.type`, 'must specify a metric source type')];
  return metric[key] === undefined
    ? [required(`${field}.${key}`, 'must populate information for the given metric source')]
    : [];
}

function targets({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return none;
  const shown = metrics
    .slice(0, maxShown)
    .map((metric, i) => targetOf(metric, status?.currentMetrics?.[i]));
  const more = metrics.length - maxShown;
  return more > 0 ? `${shown.join(', ')} + ${more} more...` : shown.join(', ');
}

function targetOf(metric: MetricSpec, status: MetricStatus | undefined): string {
  const key = sources[metric.type as keyof typeof sources] as keyof MetricSpec & keyof MetricStatus;
  const wanted = (metric[key] as { target?: Target } | undefined)?.target ?? {};
  const current = (status?.[key] as { current?: Target } | undefined)?.current ?? {};
  const name = (metric[key] as { name?: string } | undefined)?.name;
  const percent = wanted.averageUtilization !== undefined;
  const show = ({ averageUtilization, averageValue, value }: Target): string => {
    if (percent) return averageUtilization === undefined ? '<unknown>' : `${averageUtilization}%`;
    return averageValue ?? value ?? '<unknown>';
  };
  const average = !percent && wanted.averageValue !== undefined && metric.type !== 'Resource';
  const text = `${show(current)}/${show(wanted)}${average ? ' (avg)' : ''}`;
  return name === undefined ? text : `${name}: ${text}`;
}
