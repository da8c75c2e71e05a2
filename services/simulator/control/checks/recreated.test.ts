import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Recreated } from './recreated.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

function setUp(type = 'Recreate') {
  const store = new Store(new Recreated(2));
  store.put('/registry/apps/deployments/default/web', {
    ...named('web'),
    spec: { strategy: { type } },
  } as KubeObject);
  const set = (name: string, replicas: number): void =>
    void store.put(`/registry/apps/replicasets/default/${name}`, {
      ...named(name, name, controlledBy('Deployment', 'web')),
      spec: { replicas },
    } as KubeObject);
  const pod = (phase: string): void =>
    void store.put(podKey('a'), {
      ...named('a', 'a', controlledBy('ReplicaSet', 'old')),
      status: { phase },
    } as KubeObject);
  set('old', 1);
  pod('Running');
  return { store, set, pod };
}

test('a new pod is made when the old one has gone, or has ended', () => {
  const { store, set } = setUp();
  set('old', 0);
  expect(broken(() => set('new', 1))).toMatch(/beside an old pod/);
  set('new', 0);
  store.remove(podKey('a'));
  expect(broken(() => set('new', 1))).toBe('kept');
  const other = setUp();
  other.set('old', 0);
  other.pod('Succeeded');
  expect(broken(() => other.set('new', 1))).toBe('kept');
});

test('nobody waits for a pod that was made a moment ago, or where it is done step by step', () => {
  const { set } = setUp();
  expect(broken(() => set('new', 1))).toBe('kept');
  const rolling = setUp('RollingUpdate');
  rolling.set('old', 0);
  rolling.set('old', 0);
  expect(broken(() => rolling.set('new', 1))).toBe('kept');
});
