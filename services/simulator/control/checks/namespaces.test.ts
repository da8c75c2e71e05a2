import { expect, test } from 'vitest';
import { Namespaces } from './namespaces.ts';
import { broken, mapKey, named, podKey, Store } from './testing.ts';

const key = '/registry/namespaces/default';

/** A namespace that was deleted while a pod was in it. */
function world(): Store {
  const store = new Store(new Namespaces());
  store.put(key, { metadata: { name: 'default', uid: 'ns' } });
  store.put(podKey('p'), named('p'));
  store.put(key, { metadata: { name: 'default', uid: 'ns', deletionTimestamp: 'now' } });
  store.put(podKey('p'), named('p', 'p', { deletionTimestamp: 'now' }));
  return store;
}

test('a namespace goes after what was in it', () => {
  expect(broken(() => world().remove(key))).toMatch(/is gone at revision 6 before .*\/p/);
  const store = world();
  store.remove(podKey('p'));
  expect(broken(() => store.remove(key))).toBe('kept');
});

test('and nothing is made in it until it is there again', () => {
  const store = world();
  const late = /\/later? is made at revision \d+ in a namespace that is going/;
  expect(broken(() => store.put(mapKey('late'), named('late')))).toMatch(late);
  store.remove(podKey('p'));
  store.remove(key);
  expect(broken(() => store.put(mapKey('later'), named('later')))).toMatch(late);
  store.put(key, { metadata: { name: 'default', uid: 'next' } });
  expect(broken(() => store.put(mapKey('new'), named('new')))).toBe('kept');
});
