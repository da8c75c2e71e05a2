import { expect, test } from 'vitest';
import { Charges } from './charges.ts';
import { broken, mapKey, named, Store } from './testing.ts';

const key = '/registry/resourcequotas/default/q';
const quota = (used?: number) => ({
  ...named('q'),
  ...(used !== undefined && {
    status: { hard: { configmaps: '9' }, used: { configmaps: String(used) } },
  }),
});

function setUp() {
  const charges = new Charges(10);
  const store = new Store(charges);
  const answered = charges.creates('configmaps', 'default');
  store.put(mapKey('a'), named('a'));
  answered();
  store.put(key, quota());
  store.put(key, quota(1));
  return { charges, store };
}

test('each creation that is asked for is charged once', () => {
  const { charges, store } = setUp();
  charges.creates('configmaps', 'default');
  expect(broken(() => store.put(key, quota(2)))).toBe('kept');
});

test('what was created is counted', () => {
  const { store } = setUp();
  store.put(mapKey('b'), named('b'));
  expect(broken(() => store.put(key, quota(2)))).toBe('kept');
});

test('what nobody asks for is not charged', () => {
  const { store } = setUp();
  store.put(mapKey('a'), named('a', 'a', { labels: { more: 'yes' } }));
  expect(broken(() => store.put(key, quota(2)))).toContain('nobody asks for another one');
});

test('a creation that was paid for is not paid for again', () => {
  const { charges, store } = setUp();
  charges.creates('configmaps', 'default');
  store.put(key, quota(2));
  expect(broken(() => store.put(key, quota(3)))).toContain('instead of 2');
});
