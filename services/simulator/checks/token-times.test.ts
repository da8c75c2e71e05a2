import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import { TokenTimes } from './token-times.ts';

test('a token is good for a while after it was shown last', () => {
  const member = new TokenTimes(10).life();
  member.given('a', 0);
  member.known('a', 9000);
  member.known('a', 18_000);
  expect(() => member.known('a', 35_000)).toThrow(BrokenPromise);
});

test('one that was given out is known everywhere, also where that is news', () => {
  const times = new TokenTimes(10);
  const [one, other] = [times.life(), times.life()];
  other.refused('a', 50);
  one.given('a', 100);
  other.given('a', 200);
  one.given('b', 300);
  other.refused('b', 310);
  expect(() => other.given('b', 400)).toThrow(BrokenPromise);
});
