import { expect, it } from 'vitest';
import type { Pod, PodDisruptionBudget } from '#shared/api';
import { budgetStatus } from './plan.ts';

const since = '2026-01-01T00:00:00Z';
const now = { ms: Date.parse(since) + 1_000, timestamp: since };
const budget: PodDisruptionBudget = {
  metadata: { name: 'web', namespace: 'default', generation: 1 },
  spec: { minAvailable: 1 },
  status: {
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
    disruptionsAllowed: 0,
    disruptedPods: { 'web-0': since },
  },
};
const pod = (name: string, more: object = {}): Pod => ({
  metadata: { name, namespace: 'default', ...more },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});

it('a pod whose eviction was granted counts no more, and is remembered', () => {
  const status = budgetStatus(budget, [pod('web-0'), pod('web-1')], 2, now);
  expect(status).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0 });
  expect(status.disruptedPods).toEqual({ 'web-0': since });
});

it('one that came to nothing is forgotten after two minutes', () => {
  const later = { ...now, ms: Date.parse(since) + 120_000 };
  const status = budgetStatus(budget, [pod('web-0'), pod('web-1')], 2, later);
  expect(status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  expect(status.disruptedPods).toBeUndefined();
});

it('one whose pod goes is forgotten, so that its namesake counts', () => {
  const going = pod('web-0', { deletionTimestamp: since });
  const status = budgetStatus(budget, [going, pod('web-1')], 2, now);
  expect(status).toMatchObject({ currentHealthy: 1, expectedPods: 2 });
  expect(status.disruptedPods).toBeUndefined();
});
