import { expect, it } from 'vitest';
import { ordersProgress } from './versions.ts';

it.each([
  ['3.3.27', false],
  ['3.4.23', false],
  ['3.4.31', true],
  ['3.5.0', false],
  ['3.5.12', false],
  ['3.5.13', true],
  ['3.5.21+git', true],
  ['3.6.0-rc.1', true],
  ['4.0.0', true],
  ['what', false],
])('etcd %s orders its answers about progress: %s', (version, ordered) => {
  expect(ordersProgress(version)).toBe(ordered);
});
