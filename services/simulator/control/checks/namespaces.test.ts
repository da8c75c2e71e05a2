import { expect, test } from 'vitest';
import { Namespaces } from './namespaces.ts';
import { broken, mapKey, named, podKey, Store } from './testing.ts';

const key = '/registry/namespaces/default';

/** A namespace with a pod that was made some revisions before it goes; one each millisecond. */
function world(patienceMs: number): Store {
  const store = new Store(new Namespaces(patienceMs));
  store.put(key, { metadata: { name: 'default', uid: 'ns' } });
  store.put(podKey('p'), named('p'));
  store.put(podKey('p'), named('p', 'p', { deletionTimestamp: 'now' }));
  return store;
}

test('a namespace goes after what is in it', () => {
  expect(broken(() => world(1).remove(key))).toMatch(/is gone at revision 5 before .*\/p/);
  const store = world(1);
  store.remove(podKey('p'));
  expect(broken(() => store.remove(key))).toBe('kept');
});

test('but for what came so late that nobody knew of it', () => {
  const store = world(2);
  store.remove(podKey('p'));
  store.put(mapKey('late'), named('late'));
  expect(broken(() => store.remove(key))).toBe('kept');
});
