import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Preemption } from './preemption.ts';
import { broken, named, podKey, Store } from './testing.ts';

const pod = (name: string, priority: number, nodeName?: string, reason?: string): KubeObject =>
  ({
    ...named(name),
    spec: { priority, ...(nodeName && { nodeName }) },
    status: { conditions: reason ? [{ type: 'DisruptionTarget', reason }] : [] },
  }) as KubeObject;

const preempted = (name: string, priority: number) =>
  pod(name, priority, 'n1', 'PreemptionByScheduler');

test('pods are preempted for the sake of more important ones that wait', () => {
  const store = new Store(new Preemption(3));
  store.put(podKey('a'), pod('a', 5, 'n1'));
  store.put(podKey('b'), pod('b', 5));
  expect(broken(() => store.put(podKey('a'), preempted('a', 5)))).toMatch(/none of higher/);
  store.put(podKey('c'), pod('c', 6));
  store.put(podKey('d'), pod('d', 5, 'n1'));
  store.put(podKey('c'), pod('c', 6, 'n1'));
  expect(broken(() => store.put(podKey('d'), preempted('d', 5)))).toBe('kept');
  for (let i = 0; i < 4; i++) store.put(podKey('x'), named('x'));
  store.put(podKey('e'), pod('e', 5, 'n1'));
  expect(broken(() => store.put(podKey('e'), preempted('e', 5)))).toMatch(/none of higher/);
});
