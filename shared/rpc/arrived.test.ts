import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { Arrived } from './arrived.ts';

const seed = inject('seed');

test(`pieces of any size are what they were cut from (SEED=${seed})`, () => {
  const rng = createRng(seed);
  const whole = Buffer.from(Array.from({ length: 20_000 }, () => rng.int(256)));
  const arrived = new Arrived();
  const taken: Buffer[] = [];
  for (let at = 0; at < whole.length; ) {
    const end = Math.min(whole.length, at + 1 + rng.int(rng.int(3) === 0 ? 3000 : 20));
    arrived.push(whole.subarray(at, end));
    at = end;
    if (rng.int(4) === 0) taken.push(arrived.take(rng.int(arrived.length + 1)));
  }
  expect(arrived.length).toBe(arrived.bytes.length);
  expect(Buffer.concat([...taken, arrived.bytes]).equals(whole)).toBe(true);
});

test('a single piece is not copied, and what was taken does not change', () => {
  const arrived = new Arrived();
  const piece = Buffer.from('message');
  arrived.push(piece);
  expect(arrived.bytes.buffer).toBe(piece.buffer);
  const taken = arrived.take(4);
  arrived.push(Buffer.from('!!!!!!'));
  expect([taken.toString(), arrived.bytes.toString(), piece.toString()]).toEqual([
    'mess',
    'age!!!!!!',
    'message',
  ]);
});
