import { expect, test } from 'vitest';
import type { Node } from '#shared/api';
import { ManualClock } from '#shared/clock';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { keepRegistered } from './registration.ts';

test('a node that was deleted is registered again, with the network that its pods are in', async () => {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const asked: (string | undefined)[] = [];
  let podCidr = '';
  let beats = 0;
  const ended = keepRegistered(
    {
      api: {
        registerNode: <T extends Node>(node: T) => {
          asked.push(node.spec?.podCIDR);
          return Promise.resolve({ ...node, spec: { podCIDR: '127.70.3.0/24' } });
        },
        heartbeat: () => Promise.resolve({ renewTime: '', unknownNode: ++beats === 2 }),
      },
      facts: {
        name: 'w1',
        labels: {},
        address: '127.0.0.1',
        port: 1,
        podsMax: 10,
        version: '0',
        machine: {
          architecture: 'amd64',
          operatingSystem: 'linux',
          osImage: 'none',
          kernelVersion: '0',
          bootId: 'b',
          machineId: 'm',
          cpus: 1,
          memoryKib: 1,
        },
      },
      podCidr: () => podCidr,
      clock,
      log: silentLog,
      heartbeatMs: 1_000,
      leaseSeconds: 4,
      statusMs: 60_000,
      onRegistered: (node) => {
        podCidr = node.spec?.podCIDR ?? '';
        return Promise.resolve();
      },
    },
    stopping.signal,
  );
  await clock.advance(2_500);
  expect(asked).toEqual([undefined, '127.70.3.0/24']);
  stopping.abort();
  await ended;
});
