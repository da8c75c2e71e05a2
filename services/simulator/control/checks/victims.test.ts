import { expect, test } from 'vitest';
import { broken, named, podKey, Store } from './testing.ts';
import { Victims } from './victims.ts';

const on = { nodeName: 'n1' };

function world() {
  const check = new Victims(1000);
  const store = new Store(check);
  const at = (atMs: number, name: string, cpu: string, more: object = {}, reason = ''): void => {
    store.nowMs = atMs;
    const containers = [{ resources: { requests: { cpu } } }];
    const status = { conditions: [{ type: 'DisruptionTarget', status: 'True', reason }] };
    store.put(podKey(name), { ...named(name), spec: { containers, ...more }, status } as object);
  };
  const preempted = (atMs: number, name: string, cpu: string): void =>
    at(atMs, name, cpu, on, 'PreemptionByScheduler');
  store.put('/registry/nodes/n1', {
    ...named('n1'),
    status: { allocatable: { cpu: '1' } },
  } as object);
  for (const name of ['a', 'b', 'c']) at(0, name, '300m', on);
  return { at, preempted, judged: (nowMs: number) => broken(() => check.tick(nowMs)) };
}

test('only who is in the way is sent away', () => {
  const { at, preempted, judged } = world();
  at(2000, 'w', '300m', { priority: 1 });
  preempted(3000, 'a', '300m');
  expect(judged(3500)).toBe('kept');
  preempted(4000, 'b', '300m');
  preempted(4000, 'c', '300m');
  expect(judged(4500)).toMatch(/b is sent away from n1/);
});

test('who wants to be apart from others is not judged', () => {
  const { at, preempted, judged } = world();
  at(2000, 'w', '100m', { priority: 1, affinity: {} });
  preempted(3000, 'a', '300m');
  expect(judged(3500)).toBe('kept');
});

test('who waited and is there by now counts once, and who came later does not count', () => {
  const { at, preempted, judged } = world();
  at(2000, 'w', '300m', { priority: 1 });
  for (const name of ['a', 'b', 'c']) preempted(3000, name, '300m');
  at(3100, 'w', '300m', { priority: 1, ...on });
  at(3100, 'd', '300m', on);
  expect(judged(3500)).toMatch(/a is sent away from n1/);
});

test('the least important go first', () => {
  const { at, preempted, judged } = world();
  at(0, 'b', '300m', { ...on, priority: 1 });
  at(2000, 'w', '500m', { priority: 2 });
  at(3000, 'b', '300m', { ...on, priority: 1 }, 'PreemptionByScheduler');
  expect(judged(3500)).toMatch(/b is sent away, and a, which is less important, stays/);
  const apart = world();
  apart.at(0, 'b', '300m', { ...on, priority: 1 });
  apart.at(2000, 'w', '500m', { priority: 2, affinity: {} });
  apart.at(3000, 'b', '300m', { ...on, priority: 1 }, 'PreemptionByScheduler');
  expect(apart.judged(3500)).toBe('kept');
  const other = world();
  other.at(2000, 'w', '500m', { priority: 2 });
  other.preempted(3000, 'a', '300m');
  expect(other.judged(3500)).toBe('kept');
  preempted(4000, 'a', '300m');
});
