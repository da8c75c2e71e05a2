import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import type { ContainerStatus } from '#services/agent';
import { command } from '../parts/containers.ts';
import { Attempts } from './attempts.ts';
import { Availability } from './availability.ts';
import { broken, container, controlledBy, named, podKey, Store } from './testing.ts';

describe('containers', () => {
  function pod(spec: object = {}) {
    const check = new Attempts(true);
    const main = { name: 'main', command: command({ hangs: { times: 1, afterMs: 5 } }) };
    new Store(check).put(podKey('a'), {
      ...named('a'),
      spec: { containers: [main], ...spec },
    } as KubeObject);
    let atMs = 0;
    const status = (attempt: number, name: string): ContainerStatus => ({
      ...container('a', attempt),
      name,
      startedAt: atMs,
    });
    return {
      starts: (attempt: number, afterMs = 0, name = 'main'): string => {
        atMs += afterMs;
        return broken(() => check.started('n1', status(attempt, name)));
      },
      ends: (attempt: number, exitCode: number, name = 'main'): void =>
        check.exited('n1', {
          ...status(attempt, name),
          state: 'exited',
          exitCode,
          finishedAt: atMs,
        }),
    };
  }

  test('run one attempt at a time', () => {
    const { starts, ends } = pod();
    expect(starts(0)).toBe('kept');
    expect(starts(1)).toMatch(/while attempt 0 runs/);
    ends(0, 1);
    expect(starts(1)).toBe('kept');
  });

  test('pause longer from restart to restart', () => {
    const { starts, ends } = pod();
    starts(0);
    ends(0, 1);
    expect(starts(1)).toBe('kept');
    ends(1, 1);
    expect(starts(2, 1_000)).toBe('kept');
    ends(2, 1);
    expect(starts(3, 1_500)).toMatch(/after 1500 of 2000 ms/);
  });

  test('start again where their policy says so', () => {
    const never = pod({ restartPolicy: 'Never' });
    never.starts(0);
    never.ends(0, 1);
    expect(never.starts(1)).toMatch(/is never to be/);
    const onFailure = pod({ restartPolicy: 'OnFailure' });
    onFailure.starts(0);
    onFailure.ends(0, 0);
    expect(onFailure.starts(1)).toMatch(/after it has succeeded/);
  });

  test('are stopped for a reason', () => {
    const { starts, ends } = pod();
    starts(0);
    ends(0, 137);
    expect(starts(1)).toBe('kept');
    ends(1, 137);
    expect(starts(2, 1_000)).toMatch(/stopped for nothing/);
  });

  test('wait for those before them', () => {
    const { starts, ends } = pod({ initContainers: [{ name: 'first' }, { name: 'second' }] });
    expect(starts(0)).toMatch(/before first has succeeded/);
    expect(starts(0, 0, 'first')).toBe('kept');
    ends(0, 1, 'first');
    expect(starts(0, 0, 'second')).toMatch(/before first has succeeded/);
    starts(1, 0, 'first');
    ends(1, 0, 'first');
    expect(starts(0, 0, 'second')).toBe('kept');
  });
});

test('a pod is available when it has been ready for long enough', () => {
  const check = new Availability(100);
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
  const at = (atMs: number, resource: string, after: object): string => {
    const change = { key: 'x', revision: 1, before: undefined };
    return broken(() => check.changed({ ...change, atMs, resource, after }));
  };
  const set = (availableReplicas: number): object => ({
    ...named('s'),
    spec: { minReadySeconds: 4 },
    status: { availableReplicas },
  });
  at(0, 'pods', { ...named('a', 'a', controlledBy('ReplicaSet', 's')), status: ready });
  expect(at(1_000, 'apps/replicasets', set(1))).toMatch(/counts 1 available/);
  const before = set(1);
  const later = { key: 'x', revision: 2, atMs: 1_000, resource: 'apps/replicasets', before };
  expect(broken(() => check.changed({ ...later, after: set(1) }))).toBe('kept');
  expect(at(4_000, 'apps/replicasets', set(1))).toBe('kept');
  expect(at(4_000, 'apps/replicasets', set(2))).toMatch(/and 1 were ready/);
  at(5_000, 'pods', { ...named('a'), status: ready });
  expect(at(5_200, 'apps/replicasets', set(1))).toMatch(/and 0 were ready/);
  at(5_300, 'pods', { ...named('a', 'a', controlledBy('ReplicaSet', 's')), status: ready });
  expect(at(5_300, 'apps/replicasets', set(1))).toBe('kept');
  expect(at(5_300, 'apps/replicasets', set(2))).toMatch(/and 1 were ready/);
});

test('a container that ran for long starts again at once, and its sidecar before it', () => {
  const check = new Attempts(true);
  const store = new Store(check);
  const helper = {
    name: 'helper',
    restartPolicy: 'Always',
    startupProbe: {},
    command: command({ startMs: 1_000 }),
  };
  store.put(podKey('p'), {
    ...named('p'),
    spec: { containers: [{ name: 'main' }], initContainers: [helper] },
  } as object);
  const starts = (attempt: number, startedAt: number, name = 'main'): string =>
    broken(() => check.started('n1', { ...container('p', attempt), name, startedAt }));
  const ends = (attempt: number, finishedAt: number): void =>
    check.exited('n1', {
      ...container('p', attempt),
      state: 'exited',
      exitCode: 1,
      startedAt: 0,
      finishedAt,
    });
  expect(starts(0, 0)).toMatch(/before helper has started/);
  expect(starts(0, 0, 'helper')).toBe('kept');
  expect(starts(0, 500)).toMatch(/when helper has been starting for 500 of 1000 ms/);
  expect(starts(0, 1_500)).toBe('kept');
  ends(0, 20_000);
  expect(starts(1, 20_100)).toBe('kept');
  ends(1, 40_000);
  expect(starts(2, 44_000)).toMatch(/after 4000 ms instead of 0/);
});
