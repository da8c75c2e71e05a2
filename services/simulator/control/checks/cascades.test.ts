import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Cascades } from './cascades.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

const deploymentKey = '/registry/apps/deployments/default/web';
const setKey = '/registry/apps/replicasets/default/s';
const going = { deletionTimestamp: 'now' };
const waiting = named('web', 'web', { ...going, finalizers: ['foregroundDeletion'] });

function world(replicas = 1) {
  const check = new Cascades(10);
  const store = new Store(check);
  store.nowMs = 0;
  store.put(deploymentKey, named('web'));
  const spec = { replicas };
  store.put(setKey, { ...named('s', 's', controlledBy('Deployment', 'web')), spec } as KubeObject);
  store.put(podKey('a'), named('a', 'a', controlledBy('ReplicaSet', 's')));
  store.put(deploymentKey, waiting);
  store.remove(setKey);
  store.nowMs = 20;
  return { check, store, goes: () => broken(() => store.remove(deploymentKey)) };
}

test('who waits goes after the last pod', () => {
  expect(world().goes()).toMatch(/web is gone at revision \d+ before pod a$/);
  const { store, goes } = world();
  store.remove(podKey('a'));
  store.put(podKey('b'), named('b', 'b', controlledBy('ReplicaSet', 's')));
  expect(goes()).toBe('kept');
});

test('who does not wait, or not any more, or not for these, may go before', () => {
  const { store, goes } = world();
  store.put(deploymentKey, named('web', 'web', going));
  expect(goes()).toBe('kept');
  const { check, goes: goesAfterAll } = world();
  check.asked({ namespace: 'default', name: 'web' }, 'background', 10);
  expect(goesAfterAll()).toBe('kept');
  expect(world(0).goes()).toBe('kept');
});
