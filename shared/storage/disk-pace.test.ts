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

test('stalls now and then, however long, do not make it slow; many of them do', () => {
  const pace = new DiskPace();
  for (let i = 0; i < 20; i++) {
    pace.took(60_000);
    expect(pace.quick).toBe(true);
    writes(pace, 9, 0.3);
  }
  writes(pace, 6, 60_000);
  expect(pace.quick).toBe(false);
});
