import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { createFaultClient } from './client.ts';
import { readEndpoint } from './endpoint.ts';
import { FaultPlane } from './plane.ts';
import { createFaultServer } from './server.ts';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'quorate-faults-'))));

it.each([false, true])(
  'is told what to break by whoever has its token (socket: %s)',
  async (socket) => {
    const plane = new FaultPlane({
      name: 'm',
      clock: new ManualClock(),
      rng: createRng(1),
      file: undefined,
      crash: () => undefined,
    });
    // As a process that was killed leaves it.
    writeFileSync(join(dir, 'faults.sock'), '');
    const server = createFaultServer({ plane, dir, socket, carryOut: () => undefined });
    await server.start();
    const endpoint = readEndpoint(dir);
    expect(endpoint.address).toMatch(socket ? /^unix:.*faults\.sock$/ : /^127\.0\.0\.1:\d+$/);
    expect(statSync(join(dir, 'faults.endpoint')).mode & 0o777).toBe(0o600);
    const client = createFaultClient(endpoint);
    await client.set({ kind: 'clock', offsetMs: 5, driftPpm: 0 });
    expect(plane.clocks.map(({ spec }) => spec.offsetMs)).toEqual([5]);
    // 0 stands for no end where it travels: it must not become one that never ends.
    const noTime = client.set({ kind: 'clock', offsetMs: 5, driftPpm: 0 }, { forMs: 0 });
    await expect(noTime).rejects.toThrow('the duration is 0 ms');
    const stranger = createFaultClient({ ...endpoint, token: 'guessed' });
    await expect(stranger.heal()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(plane.clocks).toHaveLength(1);
    expect(await client.heal()).toBe(1);
    client.close();
    stranger.close();
    await server.stop();
    expect(() => readEndpoint(dir)).toThrow('start it with --enable-faults');
  },
);

it('answers before it puts in force what may end the process', async () => {
  const clock = new ManualClock();
  const crash = (): void => undefined;
  const plane = new FaultPlane({ name: 'm', clock, rng: createRng(1), file: undefined, crash });
  plane.addPoint('save');
  plane.addDisk();
  const server = createFaultServer({ plane, dir, socket: false, carryOut: () => undefined });
  await server.start();
  const client = createFaultClient(readEndpoint(dir));
  await client.set({ kind: 'point', name: 'save', terms: '1*off->panic' });
  await client.set({
    kind: 'disk',
    what: 'torn-write',
    target: 'log',
    ms: 0,
    probability: 1,
  });
  expect(plane.list()).toHaveLength(2);
  expect([plane.point('save'), ...plane.disks('log')]).toEqual([undefined]);
  await clock.advance(1);
  expect(plane.point('save')?.hits).toBe(0);
  expect(plane.disks('log')).toHaveLength(1);
  await client.set({ kind: 'point', name: 'save', terms: 'sleep(1)' });
  expect(plane.point('save')?.spec).toMatchObject({ terms: 'sleep(1)' });
  client.close();
  await server.stop();
});
