import { expect, test } from 'vitest';
import { duration, signedDuration } from './numbers.ts';

test('a duration has a unit, and no sign where none can be meant', () => {
  expect(duration('--delay', '50ms')).toBe(50);
  expect(duration('--for', '1m30s')).toBe(90_000);
  expect(duration('--for', '0')).toBe(0);
  expect(signedDuration('--offset', '-30s')).toBe(-30_000);
  expect(() => duration('--delay', '50')).toThrow(
    'invalid value "50" for --delay: write 50ms or 50s',
  );
  expect(() => duration('--for', '-5s')).toThrow('must not be negative');
  expect(() => signedDuration('--offset', '-30')).toThrow('write 30ms or 30s');
});
