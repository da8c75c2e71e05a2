import { expect, test } from 'vitest';
import { Adoptions } from './adoptions.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

const owner = named('w', 'w');

/** A pod that is free as of the first version, and in the care of `w` as of the last. */
function world() {
  const store = new Store();
  const check = new Adoptions(store.history);
  const found = store.put(podKey('p'), named('p'));
  const key = '/registry/apps/replicasets/default/w';
  store.put(key, owner);
  const adopt = (who: string): string => {
    const owned = controlledBy('ReplicaSet', 'w');
    const revision = store.put(podKey('p'), named('p', 'p', owned));
    const answer = named('p', 'p', { ...owned, resourceVersion: String(revision) });
    const written = { who, resource: 'pods', subresource: undefined, answer };
    return broken(() => check.wrote({ ...written, expected: String(found) }));
  };
  return { check, found, adopt };
}

test('who adopts has asked whether the owner lives', () => {
  const { check, found, adopt } = world();
  check.got({ who: 'me', since: found }, owner);
  expect(adopt('me')).toBe('kept');
});

test.each([
  ['nobody has', undefined, owner],
  ['only somebody else has', { who: 'you' }, owner],
  ['it was before the object became free', { since: 1 }, owner],
  ['it is on its way out', {}, { metadata: { ...owner.metadata, deletionTimestamp: 'now' } }],
  ['another one has its name', {}, named('w', 'v')],
])('who adopts has not asked: %s', (_, read, got) => {
  const { check, found, adopt } = world();
  if (read) check.got({ who: 'me', since: found, ...read }, got);
  expect(adopt('me')).toMatch(/ReplicaSet w adopt pods p/);
});

test('what somebody controls already is no adoption', () => {
  const store = new Store();
  const check = new Adoptions(store.history);
  const owned = controlledBy('ReplicaSet', 'w');
  const expected = String(store.put(podKey('p'), named('p', 'p', owned)));
  store.put(podKey('p'), named('p', 'p', { ...owned, labels: {} }));
  const answer = named('p', 'p', owned);
  const written = { who: 'me', resource: 'pods', subresource: undefined, expected, answer };
  expect(broken(() => check.wrote(written))).toBe('kept');
});
