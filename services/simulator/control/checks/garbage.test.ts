import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Garbage } from './garbage.ts';
import { broken, controlledBy, mapKey, named, Store } from './testing.ts';

const owned = (name: string, more: object = {}) =>
  named(name, name, { ...controlledBy('ConfigMap', 'owner'), ...more });

test('dependents stay while their owner does', () => {
  const store = new Store(new Garbage(0));
  store.put(mapKey('owner'), named('owner'));
  store.put(mapKey('d'), owned('d'));
  store.put('/registry/secrets/default/e', owned('e'));
  expect(broken(() => store.remove(mapKey('d')))).toMatch(/its owner owner/);
  store.remove(mapKey('owner'));
  expect(broken(() => store.remove('/registry/secrets/default/e'))).toBe('kept');
});

test('dependents that were to be left behind stay', () => {
  const store = new Store(new Garbage(0));
  store.put(mapKey('owner'), named('owner', 'owner', { finalizers: ['orphan'] }));
  store.put(mapKey('d'), owned('d'));
  const going = { finalizers: ['orphan'], deletionTimestamp: 'now' };
  store.put(mapKey('owner'), named('owner', 'owner', going));
  store.put(mapKey('d'), named('d'));
  store.remove(mapKey('owner'));
  expect(broken(() => store.remove(mapKey('d')))).toMatch(/left behind/);
});

describe('whoever deletes again in another way has the last word', () => {
  const deletionTimestamp = 'now';
  function world(again: string): Store {
    const check = new Garbage(0);
    const store = new Store(check);
    const owner = { resource: 'configmaps', namespace: 'default', name: 'owner' };
    store.put(mapKey('owner'), named('owner'));
    store.put(mapKey('d'), owned('d'));
    check.asked(owner, 'orphan', 3);
    store.put(
      mapKey('owner'),
      named('owner', 'owner', { finalizers: ['orphan'], deletionTimestamp }),
    );
    check.asked(owner, again, 4);
    return store;
  }

  test('at once', () => {
    const store = world('background');
    store.remove(mapKey('owner'));
    expect(broken(() => store.remove(mapKey('d')))).toBe('kept');
  });

  test('dependents first', () => {
    const store = world('foreground');
    const finalizers = ['foregroundDeletion'];
    store.put(mapKey('owner'), named('owner', 'owner', { finalizers, deletionTimestamp }));
    expect(broken(() => store.remove(mapKey('d')))).toBe('kept');
  });
});

describe('a replica set that its deployment was to leave behind', () => {
  const key = '/registry/apps/replicasets/default/set';
  function world(replicas: number): Store {
    const store = new Store(new Garbage(0));
    store.put('/registry/apps/deployments/default/d', named('d', 'd', { finalizers: ['orphan'] }));
    const spec = { replicas };
    const set = { ...named('set', 'set', controlledBy('Deployment', 'd')), spec };
    store.put(key, set);
    const going = { finalizers: ['orphan'], deletionTimestamp: 'now' };
    store.put('/registry/apps/deployments/default/d', named('d', 'd', going));
    return store;
  }

  test('stays', () => {
    const store = world(1);
    store.remove('/registry/apps/deployments/default/d');
    expect(broken(() => store.remove(key))).toMatch(/left behind by its Deployment/);
  });

  test('may go where it is empty, or belongs to another', () => {
    const empty = world(0);
    expect(broken(() => empty.remove(key))).toBe('kept');
    const adopted = world(1);
    const next = named('set', 'set', controlledBy('Deployment', 'next'));
    adopted.put(key, { ...next, spec: { replicas: 1 } } as KubeObject);
    expect(broken(() => adopted.remove(key))).toBe('kept');
  });
});

test('an owner that takes its dependents with it goes after them', () => {
  const store = new Store(new Garbage(0));
  const going = { finalizers: ['foregroundDeletion'], deletionTimestamp: 'now' };
  store.put(mapKey('owner'), named('owner', 'owner', going));
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'owner' };
  const ownerReferences = [{ ...reference, blockOwnerDeletion: true }];
  store.put(mapKey('d'), named('d', 'd', { ownerReferences }));
  expect(broken(() => store.remove(mapKey('owner')))).toMatch(/before its dependent d/);
});

test('a namespace that goes takes all with it, in any order', () => {
  const store = new Store(new Garbage(0));
  store.put(mapKey('owner'), named('owner'));
  store.put(mapKey('d'), owned('d'));
  store.put('/registry/namespaces/default', {
    metadata: { name: 'default', uid: 'ns', deletionTimestamp: 'now' },
  });
  expect(broken(() => store.remove(mapKey('d')))).toBe('kept');
});
