import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Histories } from './histories.ts';
import { broken, controlledBy, named, Store } from './testing.ts';

const setKey = (name: string): string => `/registry/apps/replicasets/default/${name}`;

function world() {
  const store = new Store(new Histories(10));
  const at = (nowMs: number): void => {
    store.nowMs = nowMs;
  };
  const set = (name: string, revision: number, replicas = 0): void => {
    const annotations = { 'deployment.kubernetes.io/revision': String(revision) };
    const more = { ...controlledBy('Deployment', 'web'), annotations, generation: 1 };
    const status = { replicas, observedGeneration: 1 };
    store.put(setKey(name), {
      ...named(name, name, more),
      spec: { replicas },
      status,
    } as KubeObject);
  };
  at(0);
  store.put('/registry/apps/deployments/default/web', named('web'));
  return { at, set, store, goes: (name: string) => broken(() => store.remove(setKey(name))) };
}

test('the oldest goes first', () => {
  const { at, set, goes } = world();
  set('a', 1);
  set('b', 2);
  set('c', 3, 2);
  at(20);
  expect(goes('a')).toBe('kept');
  set('a', 1);
  at(40);
  expect(goes('b')).toMatch(/web forgets revision 2 \(b\) .* and keeps 1$/);
});

test('one that has just become empty, or older, may stay', () => {
  const { at, set, goes } = world();
  set('a', 1, 2);
  set('b', 2);
  set('c', 3);
  at(20);
  set('a', 1);
  at(25);
  expect(goes('b')).toBe('kept');
  // An undo makes it the newest.
  set('a', 4, 2);
  at(60);
  expect(goes('c')).toBe('kept');
});

test('with a Deployment, or a namespace, all go', () => {
  const { at, set, store, goes } = world();
  store.put('/registry/namespaces/default', {
    metadata: { name: 'default', deletionTimestamp: 'x' },
  });
  for (const [i, name] of ['a', 'b'].entries()) set(name, i + 1);
  at(20);
  expect(goes('b')).toBe('kept');
  store.put('/registry/namespaces/default', { metadata: { name: 'default' } });
  set('b', 2);
  store.remove('/registry/apps/deployments/default/web');
  expect(goes('b')).toBe('kept');
});
