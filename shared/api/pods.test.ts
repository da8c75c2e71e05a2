import { expect, test } from 'vitest';
import { isPodActive, isPodAvailable, isPodReady } from './pods.ts';
import type { Pod } from './types.ts';

const pod = (status: Pod['status']): Pod => ({
  spec: { containers: [{ name: 'a' }] },
  ...(status && { status }),
});
const ready = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];

test('ready, available, active', () => {
  const good = pod({ phase: 'Running', conditions: ready });
  const start = Date.UTC(2026, 0, 1);
  expect(isPodReady(good)).toBe(true);
  expect(isPodReady(pod({}))).toBe(false);
  expect(isPodAvailable(good, 0, start)).toBe(true);
  expect(isPodAvailable(good, 10, start + 9_999)).toBe(false);
  expect(isPodAvailable(good, 10, start + 10_000)).toBe(true);
  expect(isPodActive(good)).toBe(true);
  expect(isPodActive(pod({ phase: 'Failed' }))).toBe(false);
});
