import { expect, test } from 'vitest';
import type { ConfigMap } from '#shared/api';
import { type Apply, FieldOwners } from './field-owners.ts';
import { broken, mapKey, Store } from './testing.ts';

type Owners = Readonly<Record<string, string>>;

/** `owners`: by manager, the letters that it manages. */
function map(data: Record<string, string>, owners: Owners, resourceVersion?: number): ConfigMap {
  const managedFields = Object.entries(owners).map(([manager, keys]) => ({
    manager,
    operation: 'Apply',
    fieldsV1: { 'f:data': Object.fromEntries(keys.split('').map((key) => [`f:${key}`, {}])) },
  }));
  const version = resourceVersion === undefined ? {} : { resourceVersion: String(resourceVersion) };
  return { metadata: { name: 'm', namespace: 'default', managedFields, ...version }, data };
}

const store = (): { store: Store; check: FieldOwners } => {
  const made = new Store();
  return { store: made, check: new FieldOwners(made.history) };
};

const apply = (data: Record<string, string>, since: number, force = false): Apply => {
  const config = { metadata: { name: 'm' }, data };
  return { who: 'user', manager: 'me', force, config, namespace: 'default', since };
};

/** What is said of an apply that made `after` of `before`. */
function verdict(before: [Record<string, string>, Owners], after: typeof before, force = false) {
  const { store: at, check } = store();
  const since = at.put(mapKey('m'), map(...before));
  const revision = at.put(mapKey('m'), map(...after));
  const said = Object.fromEntries(
    Object.entries(after[0]).filter(([key]) => after[1]['me']?.includes(key)),
  );
  return broken(() => check.granted(apply(said, since, force), map(...after, revision)));
}

test('an apply sets what it says, and takes away what only it said', () => {
  const before = [
    { a: '1', b: '2', c: '3' },
    { me: 'ab', you: 'bc' },
  ] as const;
  const was: [Record<string, string>, Owners] = [{ ...before[0] }, before[1]];
  expect(
    verdict(was, [
      { b: '2', c: '3', d: '4' },
      { me: 'd', you: 'bc' },
    ]),
  ).toBe('kept');
  expect(
    verdict(was, [
      { a: '1', b: '2', c: '3', d: '4' },
      { me: 'd', you: 'abc' },
    ]),
  ).toMatch(/nobody says a any more/);
  expect(
    verdict(was, [
      { c: '3', d: '4' },
      { me: 'd', you: 'c' },
    ]),
  ).toMatch(/b was 2/);
  expect(
    verdict(was, [
      { b: '9', c: '3' },
      { me: 'b', you: 'c' },
    ]),
  ).toMatch(/others manage/);
  expect(
    verdict(
      was,
      [
        { b: '9', c: '3' },
        { me: 'b', you: 'c' },
      ],
      true,
    ),
  ).toBe('kept');
});

test('it manages what it says, as it says it', () => {
  const { store: at, check } = store();
  const since = at.put(mapKey('x'), map({}, {}));
  const made = at.put(mapKey('m'), map({ a: '1' }, { me: 'a' }));
  const answer = map({ a: '1' }, { me: 'a' }, made);
  expect(broken(() => check.granted(apply({ a: '1' }, since), answer))).toBe('kept');
  expect(broken(() => check.granted(apply({ a: '2' }, since), answer))).toMatch(/not as it was/);
  expect(broken(() => check.granted(apply({}, since), answer))).toMatch(/it manages a/);
});

test('it is refused where another manages what would change, and only there', () => {
  const { store: at, check } = store();
  const since = at.put(mapKey('m'), map({ a: '1' }, { you: 'a' }));
  expect(broken(() => check.refused(apply({ a: '2' }, since)))).toBe('kept');
  expect(broken(() => check.refused(apply({ a: '1' }, since)))).toMatch(/is refused/);
  expect(broken(() => check.refused(apply({ a: '2' }, since, true)))).toMatch(/is refused/);
});

test('all data is managed, and all that is managed is there', () => {
  const made = new Store(new FieldOwners(new Store().history));
  expect(broken(() => made.put(mapKey('m'), map({ a: '1' }, { me: 'a' })))).toBe('kept');
  expect(broken(() => made.put(mapKey('m'), map({ a: '1' }, { me: '' })))).toMatch(/the data a/);
  expect(broken(() => made.put(mapKey('m'), map({ a: '1' }, {})))).toBe('kept');
  expect(broken(() => made.put(mapKey('m'), map({}, { me: 'a' })))).toMatch(/of which a is/);
});
