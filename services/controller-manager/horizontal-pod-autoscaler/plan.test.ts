import { expect, it } from 'vitest';
import type { HorizontalPodAutoscaler, MetricSpec, Pod } from '#shared/api';
import { measure } from './metrics.ts';
import { planScale } from './plan.ts';
import { remember, untold } from './scaling-rules.ts';

const none = untold;

const now = { ms: 1_000_000, timestamp: '2026-01-01T00:00:00Z' };

const cpu = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

const pod = (name: string, request: string | undefined = '100m'): Pod => ({
  metadata: { name },
  spec: {
    containers: [{ name: 'main', resources: request === '' ? {} : { requests: { cpu: request } } }],
  },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});

const using = (...millis: number[]) =>
  new Map(millis.map((value, i) => [`p${i}`, new Map([['main', { cpu: value }]])]));

const pods = [pod('p0'), pod('p1')];

const autoscaler = (minReplicas: number, maxReplicas: number): HorizontalPodAutoscaler => ({
  metadata: { name: 'x' },
  spec: { minReplicas, maxReplicas, scaleTargetRef: { kind: 'Deployment', name: 'x' } },
});

it.each([
  [[50, 50], 2],
  [[54, 54], 2],
  [[80, 80], 4],
  [[10, 10], 1],
  [[300, 300], 12],
])('two pods that use %j of 100m at a target of 50%% should be %i', (millis, desired) => {
  expect(measure(cpu(50), pods, using(...millis), 2)).toMatchObject({ desired });
});

it('says what it misses', () => {
  expect(measure(cpu(50), pods, new Map(), 2)).toMatchObject({
    reason: 'FailedGetResourceMetric',
    error: expect.stringContaining('no metrics returned from resource metrics API') as string,
  });
  expect(measure(cpu(50), [pod('p0', '')], using(1), 1)).toMatchObject({
    error: 'failed to get cpu utilization: missing request for cpu in container main of Pod p0',
  });
});

it('keeps to its limits, and grows no faster than it may', () => {
  const measured = [measure(cpu(50), pods, using(300, 300), 2)];
  expect(planScale(autoscaler(1, 3), 2, measured, none, now).replicas).toBe(3);
  const free = planScale(autoscaler(1, 30), 2, measured, none, now);
  expect(free.replicas).toBe(4);
  expect(free.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'ScalingLimited', status: 'True', reason: 'ScaleUpLimit' }),
  );
});

it('shrinks only when nothing in the window asked for more', () => {
  const measured = [measure(cpu(50), pods, using(5, 5), 2)];
  const recent = remember(none, 2, 0, now.ms - 60_000);
  const old = remember(none, 2, 0, now.ms - 400_000);
  expect(planScale(autoscaler(1, 5), 2, measured, recent, now).replicas).toBe(2);
  const plan = planScale(autoscaler(1, 5), 2, measured, old, now);
  expect(plan).toMatchObject({ replicas: 1, says: 'All metrics below target' });
});

it('holds its size while nothing is known', () => {
  const plan = planScale(autoscaler(1, 5), 2, [measure(cpu(50), pods, new Map(), 2)], none, now);
  expect(plan.replicas).toBe(2);
  expect(plan.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'ScalingActive', status: 'False' }),
  );
});
