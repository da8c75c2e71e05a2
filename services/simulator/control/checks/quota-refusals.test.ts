import { expect, test } from 'vitest';
import { QuotaRefusals } from './quota-refusals.ts';
import { broken, named, Store } from './testing.ts';

test('who is refused is refused by a quota that is full', () => {
  const store = new Store();
  const check = new QuotaRefusals(store.history);
  const quota = (used: string): number =>
    store.put('/registry/resourcequotas/default/q', {
      ...named('q'),
      status: { hard: { secrets: '2' }, used: { secrets: used } },
    } as object);
  const refused = (since: number, namespace = 'default', why = 'exceeded quota: q, and so on') =>
    broken(() =>
      check.refused({ who: 'u', resource: 'secrets', namespace, why, since, until: since + 1 }),
    );
  const empty = quota('1');
  expect(refused(empty)).toMatch(/refused secrets in default by quota q, which was .*"used"/);
  const full = quota('2');
  expect(refused(empty)).toBe('kept');
  expect(refused(full)).toBe('kept');
  expect(refused(full, 'team')).toMatch(/in team by quota q, which was not there/);
  expect(refused(full, 'team', 'not allowed')).toBe('kept');
});
