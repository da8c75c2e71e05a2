import fc from 'fast-check';
import { expect, test } from 'vitest';
import { age, humanDuration, parseTime } from './time.ts';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000] as const;

test.each([
  [-5 * second, '<invalid>'],
  [-second, '0s'],
  [0, '0s'],
  [5 * second, '5s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 3 * second, '2m3s'],
  [10 * minute + 3 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [2 * day + hour, '2d1h'],
  [9 * day, '9d'],
  [729 * day, '729d'],
  [731 * day, '2y1d'],
  [9 * 365 * day, '9y'],
])('%i ms is %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test('every time that JavaScript writes is read back', () => {
  const dates = fc.date({
    min: new Date('1600-01-01T00:00:00Z'),
    max: new Date('2400-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => {
      expect(parseTime(date.toISOString())).toBe(date.getTime());
    }),
  );
});

test('offsets and microseconds', () => {
  expect(parseTime('2026-01-01T02:30:00+02:30')).toBe(Date.UTC(2026, 0, 1));
  expect(parseTime('2026-01-01T00:00:00.123456Z')).toBe(Date.UTC(2026, 0, 1) + 123);
  expect(parseTime('yesterday')).toBeUndefined();
});

test('ages', () => {
  expect(age('2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1, 0, 5))).toBe('5m');
  expect(age(undefined, 0)).toBe('<unknown>');
});
