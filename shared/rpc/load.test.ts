import { expect, it } from 'vitest';
import { loadProto } from './load.ts';

it('reads a file once, however many clients want it', () => {
  const file = 'grpc/health.proto';
  expect(loadProto(file)).toBe(loadProto(file));
  expect(loadProto('grpc/reflection.proto')).not.toBe(loadProto(file));
});
