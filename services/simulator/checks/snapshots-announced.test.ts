import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import { checkAnnounced } from './snapshots-announced.ts';

test('a snapshot holds what it was announced as', () => {
  checkAnnounced(1, 7, 7);
  expect(() => checkAnnounced(1, 9, 7)).toThrow(BrokenPromise);
});
