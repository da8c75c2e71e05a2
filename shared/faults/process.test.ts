import { expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { FaultPlane } from './plane.ts';
import { processInjector } from './process.ts';

const slow = { kind: 'process', what: 'slow', percent: 50 } as const;

function process() {
  const clock = new ManualClock();
  const crash = (): void => undefined;
  const plane = new FaultPlane({ name: 'm', clock, rng: createRng(1), file: undefined, crash });
  const held: number[] = [];
  const own = { pid: 1, kill: () => true };
  const start = () => processInjector(plane, own, (ms) => void held.push(ms));
  return { clock, plane, held, start };
}

test('a slow process loses its share of the time, until it is healed', async () => {
  const { clock, plane, held, start } = process();
  const carryOut = start();
  await clock.advance(50);
  expect(held).toEqual([]);
  plane.set(slow);
  carryOut(slow, undefined);
  await clock.advance(30);
  expect(held).toEqual([10, 10, 10]);
  expect(plane.list()).toMatchObject([{ hits: 3 }]);
  plane.heal();
  await clock.advance(100);
  expect(held).toHaveLength(4);
});

test('a fault that was there before the process started slows it, too', async () => {
  const { clock, plane, held, start } = process();
  plane.set(slow);
  start();
  await clock.advance(20);
  expect(held).toEqual([10, 10]);
});
