import { expect, test } from 'vitest';
import { grpcTimeout } from './grpc-timeout.ts';

test.each([
  ['1S', '1000000u'],
  ['100m', '100000u'],
  ['7n', '7n'],
  ['+1S', '1000000u'],
  ['1H', '3600000m'],
  ['999999999S', '16666666M'],
  ['999999999999999999H', undefined],
  ['0S', undefined],
  ['', undefined],
])('%s is %s to gRPC', (text, expected) => expect(grpcTimeout(text)).toBe(expected));

test.each(['x', 'S', '5', '1s', '1.5S', '1 S', '-S', '1SS'])('%s is no time', (text) => {
  expect(() => grpcTimeout(text)).toThrow(`invalid grpc-timeout: ${text}`);
});

test('what is negative is over', () => {
  expect(() => grpcTimeout('-1S')).toThrow('context deadline exceeded');
});
