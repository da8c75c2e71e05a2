import type { Clock } from '#shared/clock';
import type { Entry } from '#shared/raft';
import { expect, test } from 'vitest';
import { ApplyQueue } from './apply-queue.ts';

const entry = (index: number): Entry => ({
  index,
  term: 1,
  type: 'normal',
  data: new Uint8Array(),
});

test('what takes long ends its slice, and each operation is told with how long it alone took', () => {
  let nowMs = 0;
  const told: [string, number][] = [];
  const queue = new ApplyQueue<string>({ monotonic: () => nowMs } as Clock, 0, (...took) =>
    told.push(took),
  );
  queue.push([1, 2, 3, 4].map(entry));
  const applied: number[] = [];
  const apply = ({ index }: Entry): string | undefined => {
    applied.push(index);
    nowMs += index;
    return index === 2 ? undefined : `operation ${index}`;
  };
  queue.slice(apply);
  expect(applied).toEqual([1, 2, 3]);
  expect(queue.waiting).toBe(true);
  queue.slice(apply);
  expect(applied).toEqual([1, 2, 3, 4]);
  expect(queue.waiting).toBe(false);
  expect(told).toEqual([
    ['operation 1', 1],
    ['operation 3', 3],
    ['operation 4', 4],
  ]);
});
