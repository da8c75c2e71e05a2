import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Budgets } from './budgets.ts';
import { broken, named, podKey, Store } from './testing.ts';

const conditions = [{ type: 'Ready', status: 'True' }];
const key = '/registry/policy/poddisruptionbudgets/default/b';

const budget = (status: object): KubeObject =>
  ({ ...named('b'), spec: { selector: { matchLabels: { app: 'a' } } }, status }) as KubeObject;

const status = (disruptionsAllowed: number, disruptedPods: object = {}) => ({
  disruptionsAllowed,
  currentHealthy: 3,
  desiredHealthy: 2,
  disruptedPods,
});

/** A budget with a pod that it covers and that serves. */
function world(more: object = {}, counted: object = {}) {
  const store = new Store();
  const check = new Budgets(store.history);
  store.put(key, budget({ ...status(1), ...counted }));
  const pod = {
    ...named('p', 'p', { labels: { app: 'a' } }),
    status: { phase: 'Running', conditions, ...more },
  };
  const since = store.put(podKey('p'), pod);
  const evict = (): string => {
    const until = store.remove(podKey('p'));
    return broken(() => check.evicted({ namespace: 'default', name: 'p', since, until }));
  };
  return { store, check, evict };
}

test('an eviction is paid for', () => {
  expect(world().evict()).toMatch(/its budget did not pay/);
  const paid = world();
  paid.store.put(key, budget(status(0, { p: 'now' })));
  expect(paid.evict()).toBe('kept');
});

test('twice in a second', () => {
  const { store, evict } = world();
  store.put(key, budget(status(2, { p: 'now' })));
  store.put(key, budget(status(1, { p: 'now' })));
  expect(evict()).toBe('kept');
});

test('once for a pod that two evict at a time', () => {
  const { store, check, evict } = world();
  store.put(key, budget(status(0, { p: 'now' })));
  const since = store.put(key, budget(status(1)));
  expect(evict()).toBe('kept');
  const later = { namespace: 'default', name: 'p', since, until: since + 1 };
  expect(broken(() => check.evicted(later))).toBe('kept');
});

test('so is that of a pod that does not serve, unless enough others do', () => {
  const idle = { conditions: [] };
  expect(world(idle).evict()).toBe('kept');
  expect(world(idle, { currentHealthy: 1 }).evict()).toMatch(/its budget did not pay/);
  expect(world(idle, { desiredHealthy: 0 }).evict()).toMatch(/its budget did not pay/);
  expect(world({ ...idle, phase: 'Pending' }, { currentHealthy: 1 }).evict()).toBe('kept');
});

test('a pod that somebody deletes needs no budget', () => {
  const { check, evict } = world();
  check.deleted('default', 'p');
  expect(evict()).toBe('kept');
});

test('a budget allows what is left, and pays one for each', () => {
  const store = new Store();
  const check = new Budgets(store.history);
  const change = (before: object, after: object): string => {
    const common = { revision: 3, atMs: 0, key, resource: 'policy/poddisruptionbudgets' };
    return broken(() => check.changed({ ...common, before: budget(before), after: budget(after) }));
  };
  expect(change(status(1), status(2))).toMatch(/allows 2 disruptions/);
  expect(change(status(1), status(-1))).toMatch(/allows -1/);
  expect(change(status(1), status(1, { p: 'now' }))).toMatch(/pays for p/);
  expect(change(status(1), status(0, { p: 'now' }))).toBe('kept');
  const unseen = { ...budget(status(1)), metadata: { name: 'b', generation: 2 } };
  const common = { revision: 3, atMs: 0, key, resource: 'policy/poddisruptionbudgets' };
  const after = { ...unseen, status: status(0, { p: 'now' }) };
  expect(broken(() => check.changed({ ...common, before: unseen, after }))).toMatch(
    /nobody has counted since it was changed/,
  );
});
