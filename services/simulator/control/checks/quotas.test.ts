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

test('no more is charged than there is room for, whatever is counted', () => {
  const store = new Store(new Quotas(5));
  const charge = (used: string): string =>
    broken(() =>
      store.put('/registry/resourcequotas/default/q', {
        ...named('q'),
        spec: { hard: { configmaps: '2' } },
        status: { hard: { configmaps: '2' }, used: { configmaps: used } },
      } as object),
    );
  for (const name of ['a', 'b', 'c']) store.put(mapKey(name), named(name));
  expect(charge('3')).toBe('kept');
  expect(charge('4')).toMatch(/4 of 2 configmaps are used, and there were 0, 1, 2, 3/);
  expect(charge('2')).toBe('kept');
  for (let revision = 0; revision < 5; revision++) charge('2');
  expect(charge('3')).toBe('kept');
  store.remove(mapKey('c'));
  for (let revision = 0; revision < 5; revision++) charge('2');
  expect(charge('3')).toMatch(/3 of 2 configmaps are used, and there were 2$/);
});
