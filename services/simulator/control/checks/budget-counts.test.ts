import { expect, test } from 'vitest';
import { BudgetCounts } from './budget-counts.ts';
import { broken, named, podKey, Store } from './testing.ts';

const key = '/registry/policy/poddisruptionbudgets/default/b';
const conditions = [{ type: 'Ready', status: 'True' }];

/** Two pods that serve, and a budget that says one is enough. */
function world(patienceMs = 0, forgets = false) {
  const store = new Store();
  const check = new BudgetCounts(store.history, patienceMs, forgets);
  const pod = (name: string, more: object = {}, uid = name): void => {
    const metadata = { labels: { app: 'a' }, ...more };
    store.put(podKey(name), { ...named(name, uid, metadata), status: { conditions } } as object);
  };
  pod('p');
  pod('q');
  store.put(key, named('b'));
  const written = (status: object, spec: object = { minAvailable: 1 }, generation = 1): string => {
    const revision = store.put(key, {
      ...named('b', 'b', { generation }),
      spec: { selector: { matchLabels: { app: 'a' } }, ...spec },
      status: { observedGeneration: 1, ...status },
    } as object);
    const change = store.history.changesAfter('policy/poddisruptionbudgets', revision - 1)[0];
    return broken(() => change && check.changed(change));
  };
  return { store, pod, written };
}

const counts = (healthy: number, expected: number, disruptedPods?: object) => ({
  currentHealthy: healthy,
  desiredHealthy: 1,
  expectedPods: expected,
  disruptionsAllowed: Math.max(0, healthy - 1),
  ...(disruptedPods && { disruptedPods }),
});

test('what is counted is what serves', () => {
  const { store, pod, written } = world();
  expect(written(counts(2, 2))).toBe('kept');
  expect(written(counts(1, 2))).toMatch(/counts 1 healthy pods of 2/);
  expect(written(counts(2, 3))).toMatch(/counts 2 healthy pods of 3/);
  pod('q', { deletionTimestamp: 'now' });
  expect(written(counts(2, 2))).toMatch(/never so many/);
  expect(written(counts(1, 2))).toBe('kept');
  store.remove(podKey('q'));
  expect(written({ ...counts(1, 2), conditions: [] })).toMatch(/never so many/);
  expect(written(counts(1, 1))).toBe('kept');
});

test('or has served a moment ago, all at the same time', () => {
  const { pod, written } = world(3);
  pod('q', { deletionTimestamp: 'now' });
  expect(written(counts(2, 2))).toBe('kept');
  for (const version of ['1', '2', '3']) pod('p', { annotations: { version } });
  expect(written({ ...counts(2, 2), conditions: [] })).toMatch(/never so many/);
});

test('who has been paid for counts no more, and is not forgotten while it stays', () => {
  const granted = { ...counts(2, 2, { p: 'now' }), disruptionsAllowed: 0 };
  const paid = () => {
    const made = world();
    made.written(counts(2, 2));
    expect(made.written(granted)).toBe('kept');
    return made;
  };
  expect(paid().written(counts(1, 2, { p: 'now' }))).toBe('kept');
  expect(paid().written({ ...granted, disruptionsAllowed: -1 })).toBe('kept');
  expect(paid().written(counts(2, 2, { p: 'now' }))).toMatch(/besides those evicted \(p\)/);
  expect(paid().written(counts(2, 2))).toMatch(/never so many/);
  expect(paid().written({ ...granted, disruptedPods: { q: 'now' } })).toMatch(/and forgets p/);
  const forgetful = world(0, true);
  forgetful.written(granted);
  expect(forgetful.written(counts(2, 2))).toBe('kept');
});

test('its namesake has not', () => {
  const { pod, store, written } = world();
  written({ ...counts(2, 2, { p: 'now' }), disruptionsAllowed: 0 });
  store.remove(podKey('p'));
  pod('p', {}, 'another');
  expect(written(counts(1, 2, { p: 'now' }))).toMatch(/besides those evicted \(p\)/);
  expect(written(counts(2, 2))).toBe('kept');
});

test('what follows from the counts is said of the same generation', () => {
  const { written } = world();
  expect(written({ ...counts(2, 2), disruptionsAllowed: 0 })).toMatch(/instead of 1 and 1/);
  expect(written({ ...counts(2, 2), desiredHealthy: 2 })).toMatch(/wants 2 of 2 pods/);
  expect(written(counts(2, 2), { maxUnavailable: 1 })).toBe('kept');
  expect(written(counts(2, 3), { maxUnavailable: 2 })).toBe('kept');
  expect(written(counts(2, 2), { maxUnavailable: 0 })).toMatch(/instead of 2 and 0/);
  expect(written(counts(1, 2), {}, 2)).toMatch(/of generation 1, and is of 2/);
});
