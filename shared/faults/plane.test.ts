import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { faultyClock } from './clock.ts';
import { noLinkFault } from './fault.ts';
import { FaultPlane } from './plane.ts';
import { passPoint, passPointSync, pointsAround } from './points.ts';
import { MessageShaper } from './shaper.ts';

function planeOn(clock: ManualClock, file?: string) {
  const crashes: (number | undefined)[] = [];
  const crash = (code: number | undefined): void => void crashes.push(code);
  const plane = new FaultPlane({ name: 'm', clock, rng: createRng(1), file, crash });
  return { plane, crashes };
}

test('a fault ends by itself, by its id, or with all others', async () => {
  const clock = new ManualClock();
  const { plane } = planeOn(clock);
  plane.set({ ...noLinkFault, drop: 1 }, { forMs: 50 });
  const slow = plane.set({ ...noLinkFault, delayMs: 5 });
  expect(plane.list()).toHaveLength(2);
  await clock.advance(60);
  expect(plane.list().map(({ id }) => id)).toEqual([slow.id]);
  expect(plane.heal('no-such')).toBe(0);
  expect(plane.heal()).toBe(1);
  expect(plane.links('a', 'in')).toEqual([]);
});

test('what makes no sense is refused, and says why', () => {
  const { plane } = planeOn(new ManualClock());
  expect(() => plane.set({ ...noLinkFault })).toThrow('needs --cut');
  expect(() => plane.set({ ...noLinkFault, drop: 2 })).toThrow('from 0 to 1');
  expect(() => plane.set({ kind: 'process', what: 'pause', percent: 0 })).toThrow('--for');
  expect(() => plane.set({ kind: 'point', name: 'x', terms: 'panic' })).toThrow('no failpoint x');
  const full = { kind: 'disk', what: 'full', target: 'log', ms: 0, probability: 1 } as const;
  expect(() => plane.set(full)).toThrow('no disk to break');
  const kill = { kind: 'process', what: 'kill', percent: 0 } as const;
  expect(() => plane.set(kill, { survivesRestart: true })).toThrow('when the process starts again');
  plane.addPoint('x');
  expect(() => plane.set({ kind: 'point', name: 'x', terms: 'explode' })).toThrow('panic, exit');
  expect(() => plane.set({ kind: 'point', name: 'x', terms: 'return' })).toThrow('left out');
});

test('only faults that are to survive are set again at the next start', () => {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-faults-'));
  const file = join(dir, 'faults.json');
  const first = planeOn(new ManualClock(), file).plane;
  first.set({ ...noLinkFault, drop: 1 });
  first.set({ ...noLinkFault, delayMs: 7 }, { survivesRestart: true });
  const { plane } = planeOn(new ManualClock(), file);
  plane.restore();
  expect(plane.list()).toMatchObject([{ spec: { delayMs: 7 }, survivesRestart: true }]);
  plane.heal();
  const third = planeOn(new ManualClock(), file).plane;
  third.restore();
  expect(third.list()).toEqual([]);
  rmSync(dir, { recursive: true });
});

test('messages keep their order under delay and jitter, and lose it where they are reordered', async () => {
  const clock = new ManualClock();
  const { plane } = planeOn(clock);
  const shaper = new MessageShaper(plane, 'a', 'out');
  const seen: number[] = [];
  const send = (): void => {
    for (let i = 0; i < 50; i++) shaper.pass(100, () => seen.push(i));
  };
  send();
  expect(seen).toHaveLength(50);
  plane.set({ ...noLinkFault, delayMs: 10, jitterMs: 10 });
  seen.length = 0;
  send();
  expect(seen).toEqual([]);
  await clock.advance(30);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
  plane.set({ ...noLinkFault, reorder: 0.5, duplicate: 0.5 });
  seen.length = 0;
  send();
  await clock.advance(100);
  expect(new Set(seen).size).toBe(50);
  expect(seen.length).toBeGreaterThan(50);
  expect([...new Set(seen)]).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test('a cut is for one direction and one peer, and bandwidth takes its time', async () => {
  const clock = new ManualClock();
  const { plane } = planeOn(clock);
  plane.set({ ...noLinkFault, peer: 'a', direction: 'out', drop: 1 });
  const got: string[] = [];
  for (const [peer, direction] of [
    ['a', 'out'],
    ['a', 'in'],
    ['b', 'out'],
  ] as const) {
    new MessageShaper(plane, peer, direction).pass(1, () => got.push(`${peer} ${direction}`));
  }
  expect(got).toEqual(['a in', 'b out']);
  plane.heal();
  plane.set({ ...noLinkFault, bytesPerSecond: 1000 });
  const shaper = new MessageShaper(plane, 'a', 'out');
  for (let i = 0; i < 3; i++) shaper.pass(100, () => got.push(String(i)));
  await clock.advance(250);
  expect(got.slice(2)).toEqual(['0', '1']);
});

test('a bent clock runs fast while it drifts, and never goes back', async () => {
  const clock = new ManualClock(0);
  const { plane } = planeOn(clock);
  const bent = faultyClock(plane);
  let ticks = 0;
  bent.every(100, () => ticks++);
  const drift = plane.set({ kind: 'clock', offsetMs: 5000, driftPpm: 1_000_000 });
  await clock.advance(1000);
  expect(bent.monotonic()).toBe(2000);
  expect(bent.now()).toBe(7000);
  expect(ticks).toBeGreaterThanOrEqual(18);
  plane.heal(drift.id);
  expect(bent.monotonic()).toBe(2000);
  await clock.advance(100);
  expect(bent.monotonic()).toBe(2100);
  expect(bent.now()).toBe(2100);
});

test('a timer that was set before its clock drifts, or while it did, is due by the clock as it is now', async () => {
  const clock = new ManualClock(0);
  const { plane } = planeOn(clock);
  const bent = faultyClock(plane);
  const rang: string[] = [];
  bent.after(1000, () => rang.push('before'));
  bent.after(1000, () => rang.push('cancelled')).cancel();
  plane.set({ kind: 'clock', offsetMs: 0, driftPpm: 1_000_000 });
  await clock.advance(500);
  expect(rang).toEqual(['before']);
  plane.heal();
  plane.set({ kind: 'clock', offsetMs: 0, driftPpm: -900_000 });
  void bent.sleep(1000).then(() => rang.push('while'));
  await clock.advance(1000);
  plane.heal();
  await clock.advance(899);
  expect(rang).toEqual(['before']);
  await clock.advance(1);
  expect(rang).toEqual(['before', 'while']);
});

test('failpoints act as their terms say, and count', async () => {
  const { plane, crashes } = planeOn(new ManualClock());
  const disk = { writes: 0, write: () => Promise.resolve(++disk.writes) };
  pointsAround(plane, disk, 'write', ['before'], ['after']);
  await disk.write();
  plane.set({ kind: 'point', name: 'before', terms: '1*off->1*error("bad sector")->panic' });
  await disk.write();
  await expect(disk.write()).rejects.toThrow('failpoint before: bad sector');
  expect(disk.writes).toBe(2);
  await disk.write();
  expect(crashes).toEqual([undefined]);
  plane.set({ kind: 'point', name: 'after', terms: 'exit(3)' });
  await passPoint(plane, 'after');
  expect(crashes).toEqual([undefined, 3]);
  plane.addPoint('skip', { skippable: true });
  plane.set({ kind: 'point', name: 'skip', terms: 'return' });
  expect(passPointSync(plane, 'skip')).toBe('return');
  expect(plane.list().map(({ hits }) => hits)).toEqual([2, 1, 1]);
});
