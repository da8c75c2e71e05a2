import { expect, test } from 'vitest';
import { Informers } from './informers.ts';
import { broken, named } from './testing.ts';

function informer() {
  let wrong = 'kept';
  const handlers = new Informers().handlers('pods', (look) => {
    wrong = broken(look);
  });
  const object = (uid: string, resourceVersion: string) => named('a', uid, { resourceVersion });
  return {
    added: (uid: string, at: string): string => {
      handlers.added?.(object(uid, at));
      return wrong;
    },
    updated: (before: [string, string], after: [string, string]): string => {
      handlers.updated?.(object(...before), object(...after));
      return wrong;
    },
    deleted: (uid: string, at: string): string => {
      handlers.deleted?.(object(uid, at));
      return wrong;
    },
  };
}

test('lives begin, change and end', () => {
  const { added, updated, deleted } = informer();
  expect(added('u', '1')).toBe('kept');
  expect(updated(['u', '1'], ['u', '2'])).toBe('kept');
  expect(deleted('u', '3')).toBe('kept');
  expect(added('v', '4')).toBe('kept');
  // As it was last seen.
  expect(deleted('v', '4')).toBe('kept');
});

test('a namesake is another one', () => {
  const { added, updated } = informer();
  added('u', '1');
  expect(updated(['u', '1'], ['v', '3'])).toMatch(/default\/a, v @3, has changed, which was u @1$/);
});

test('what is told again, of somebody else, or of before, is wrong', () => {
  const { added, updated, deleted } = informer();
  expect(updated(['u', '1'], ['u', '2'])).toMatch(/has changed, and it knows of none/);
  added('v', '3');
  expect(added('w', '4')).toMatch(/is there, and it knows of v @3/);
  expect(updated(['w', '4'], ['w', '3'])).toMatch(/has changed, after w @4/);
  expect(deleted('u', '5')).toMatch(/is gone, and it knows of w @3/);
});
