import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { createFaultClient } from './client.ts';
import { readEndpoint } from './endpoint.ts';
import { FaultPlane } from './plane.ts';
import { createFaultServer } from './server.ts';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'quorate-faults-'))));
afterEach(() => rmSync(dir, { recursive: true }));

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
