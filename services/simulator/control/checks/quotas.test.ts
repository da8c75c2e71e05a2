import { expect, test } from 'vitest';
import { Quotas } from './quotas.ts';
import { broken, mapKey, named, Store } from './testing.ts';

test('no more is made than a quota has room for', () => {
  const store = new Store(new Quotas(5));
  const make = (name: string): string => broken(() => store.put(mapKey(name), named(name)));
  const quota = (configmaps: string) =>
    store.put('/registry/resourcequotas/default/q', {
      ...named('q'),
      spec: { hard: { configmaps } },
    } as object);
  quota('1');
  // Nobody may know of it yet, and some are under way.
  for (const name of ['a', 'b', 'c', 'd']) expect(make(name)).toBe('kept');
  expect(make('e')).toMatch(/is number 5 at revision \d+, and its quota is 1/);
  store.remove(mapKey('e'));
  store.remove(mapKey('d'));
  expect(make('g')).toBe('kept');
  quota('9');
  expect(make('h')).toBe('kept');
});
