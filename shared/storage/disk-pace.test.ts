import { expect, test } from 'vitest';
import { DiskPace } from './disk-pace.ts';

function writes(pace: DiskPace, count: number, ms: number): void {
  for (let i = 0; i < count; i++) pace.took(ms);
}

test('a disk counts as quick until its writes take long, and again once they do not', () => {
  const pace = new DiskPace();
  expect(pace.quick).toBe(true);
  writes(pace, 100, 0.5);
  expect(pace.quick).toBe(true);
  writes(pace, 20, 3);
  expect(pace.quick).toBe(false);
  writes(pace, 20, 0.5);
  expect(pace.quick).toBe(true);
});

test('one stall, however long, makes it slow at once, and is forgotten after some dozen writes', () => {
  const pace = new DiskPace();
  writes(pace, 100, 0.3);
  pace.took(60_000);
  expect(pace.quick).toBe(false);
  writes(pace, 24, 0.3);
  expect(pace.quick).toBe(true);
});
