import { expect, test } from 'vitest';
import { type Outcome, Outcomes } from './outcomes.ts';
import { broken, mapKey, named, Store } from './testing.ts';

function world() {
  const store = new Store();
  const check = new Outcomes(store.history);
  const told = (since: number, until: number, answer: Outcome['answer'], version?: number) =>
    broken(() =>
      check.told({
        who: 'somebody',
        what: 'patch of configmaps a',
        resource: 'configmaps',
        namespace: 'default',
        name: 'a',
        since,
        until,
        answer,
        version: version === undefined ? undefined : String(version),
      }),
    );
  return { store, told };
}

test('what changes nothing rests on what was there meanwhile', () => {
  const { store, told } = world();
  const first = store.put(mapKey('a'), named('a'));
  const second = store.put(mapKey('a'), named('a'));
  const third = store.put(mapKey('a'), named('a'));
  expect(told(first, second, 'same', first)).toBe('kept');
  expect(told(second, third, 'same', second)).toBe('kept');
  expect(told(second, third, 'same', first)).toMatch(/answered same 2 .* there was 3, 4 meanwhile/);
  expect(told(second, second, 'conflict', second)).toMatch(/answered conflict/);
  expect(told(second, third, 'conflict', second)).toBe('kept');
});

test('who is said to be there, or not, was so for a moment', () => {
  const { store, told } = world();
  const before = store.put(mapKey('b'), named('b'));
  const there = store.put(mapKey('a'), named('a'));
  const gone = store.remove(mapKey('a'));
  expect(told(before, before, 'already-exists')).toMatch(/there was none meanwhile/);
  expect(told(before, there, 'already-exists')).toBe('kept');
  expect(told(there, there, 'not-found')).toMatch(/answered not-found/);
  expect(told(there, gone, 'not-found')).toBe('kept');
});
