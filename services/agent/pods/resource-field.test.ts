import { expect, test } from 'vitest';
import { resourceFieldValue } from './resource-field.ts';

const container = {
  name: 'main',
  resources: { limits: { memory: '64Mi' }, requests: { cpu: '1500m' } },
};
const allocatable = { cpu: '2', memory: '1024Ki' };
const value = (resource: string, divisor?: string): string =>
  resourceFieldValue(
    { resource, ...(divisor !== undefined && { divisor }) },
    container,
    allocatable,
  );

test.each([
  ['limits.memory', undefined, '67108864'],
  ['limits.memory', '1Mi', '64'],
  ['limits.memory', '0', '67108864'],
  ['limits.memory', '100M', '1'],
  ['requests.cpu', undefined, '2'],
  ['requests.cpu', '1m', '1500'],
  ['limits.cpu', undefined, '2'],
  ['requests.memory', undefined, '0'],
])('%s in units of %s is %s', (resource, divisor, text) => {
  expect(value(resource, divisor)).toBe(text);
});

test('only limits and requests are resources of a container', () => {
  expect(() => value('usage.cpu')).toThrow('unsupported container resource: usage.cpu');
});
