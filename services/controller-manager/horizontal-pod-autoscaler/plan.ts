import { type HorizontalPodAutoscaler, parseTime } from '#shared/api';
import type { Measured } from './metrics.ts';
import { type History, limitsOf, stabilized } from './scaling-rules.ts';

type Status = NonNullable<HorizontalPodAutoscaler['status']>;
type Condition = NonNullable<Status['conditions']>[number];

export interface ScalePlan {
  readonly replicas: number;
  readonly status: Status;
  /** Why the size changes; absent where it does not. */
  readonly says?: string;
}

/** The size that the metrics ask for, within the limits and not sooner than is stable. */
export function planScale(
  autoscaler: HorizontalPodAutoscaler,
  current: number,
  measured: readonly Measured[],
  history: History,
  now: { readonly ms: number; readonly timestamp: string },
): ScalePlan {
  const { spec, status } = autoscaler;
  const { minReplicas = 1, maxReplicas = 1, behavior } = spec ?? {};
  const good = measured.filter((each) => 'desired' in each);
  const bad = measured.find((each) => 'error' in each);
  const conditions: Condition[] = [];
  const say = (type: string, good: boolean, reason: string, message: string): void => {
    conditions.push(
      conditionOf(status?.conditions, { type, good, reason, message }, now.timestamp),
    );
  };
  const base = {
    currentReplicas: current,
    observedGeneration: autoscaler.metadata?.generation ?? 0,
    ...(status?.lastScaleTime !== undefined && { lastScaleTime: status.lastScaleTime }),
    ...(good.length > 0 && { currentMetrics: good.map((each) => each.status) }),
  };
  say(
    'AbleToScale',
    true,
    'SucceededGetScale',
    "the HPA controller was able to get the target's current scale",
  );
  if (current === 0) {
    say(
      'ScalingActive',
      false,
      'ScalingDisabled',
      'scaling is disabled since the replica count of the target is zero',
    );
    return { replicas: 0, status: { ...base, desiredReplicas: 0, conditions } };
  }
  const highest = good.reduce((a, b) => (b.desired > a ? b.desired : a), 0);
  // A metric that is missing may only hold a smaller size back.
  if (good.length === 0 || (bad && highest < current)) {
    const why = bad ?? { reason: 'FailedGetResourceMetric', error: 'no metrics' };
    say(
      'ScalingActive',
      false,
      why.reason,
      `the HPA was unable to compute the replica count: ${why.error}`,
    );
    const replicas = Math.min(Math.max(current, minReplicas), maxReplicas);
    return { replicas, status: { ...base, desiredReplicas: replicas, conditions } };
  }
  const why = good.find(({ desired }) => desired === highest)?.says ?? '';
  const validMessage = 'the HPA was able to successfully calculate a replica count';
  say(
    'ScalingActive',
    true,
    'ValidMetricFound',
    `${validMessage} from ${why.split(' (')[0]} (percentage of request)`,
  );
  const stable = stabilized(behavior, highest, current, history, now.ms);
  const { lowest, highest: top } = limitsOf(behavior, current, history, now.ms);
  const least = stable < current ? Math.max(minReplicas, lowest) : minReplicas;
  const replicas = Math.min(Math.max(stable, least), Math.min(maxReplicas, top));
  limits(say, stable, replicas, minReplicas, maxReplicas);
  const changed = replicas !== current;
  return {
    replicas,
    ...(changed && { says: highest < current ? 'All metrics below target' : why }),
    status: {
      ...base,
      desiredReplicas: replicas,
      ...(changed && { lastScaleTime: now.timestamp }),
      conditions,
    },
  };
}

function limits(
  say: (type: string, good: boolean, reason: string, message: string) => void,
  stable: number,
  replicas: number,
  min: number,
  max: number,
): void {
  if (stable > max) {
    say(
      'ScalingLimited',
      true,
      'TooManyReplicas',
      'the desired replica count is more than the maximum replica count',
    );
  } else if (stable < min) {
    say(
      'ScalingLimited',
      true,
      'TooFewReplicas',
      'the desired replica count is less than the minimum replica count',
    );
  } else if (replicas < stable) {
    say(
      'ScalingLimited',
      true,
      'ScaleUpLimit',
      'the desired replica count is increasing faster than the maximum scale rate',
    );
  } else if (replicas > stable) {
    say(
      'ScalingLimited',
      true,
      'ScaleDownLimit',
      'the desired replica count is decreasing faster than the maximum scale rate',
    );
  } else {
    say(
      'ScalingLimited',
      false,
      'DesiredWithinRange',
      'the desired count is within the acceptable range',
    );
  }
}

function conditionOf(
  before: readonly Condition[] | undefined,
  said: { type: string; good: boolean; reason: string; message: string },
  timestamp: string,
): Condition {
  const { type, good, reason, message } = said;
  const status = good ? 'True' : 'False';
  const old = before?.find((each) => each.type === type);
  const since = old?.status === status && parseTime(old.lastTransitionTime) !== undefined;
  const lastTransitionTime = (since ? old.lastTransitionTime : undefined) ?? timestamp;
  return { type, status, reason, message, lastTransitionTime };
}
