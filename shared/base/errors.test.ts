import { describe, expect, test } from 'vitest';
import { errorCodes, QuorateError } from './errors.ts';

describe('errorCodes', () => {
  test('every code has a gRPC code, an HTTP status and a reason', () => {
    for (const [code, info] of Object.entries(errorCodes)) {
      expect(info.grpc, code).toBeGreaterThanOrEqual(1);
      expect(info.grpc, code).toBeLessThanOrEqual(16);
      expect(info.http, code).toBeGreaterThanOrEqual(400);
      expect(info.reason, code).toMatch(/^[A-Z][A-Za-z]+$/);
    }
  });
});

describe('QuorateError', () => {
  test('from keeps one of ours and wraps anything else with its cause', () => {
    const ours = new QuorateError('conflict', 'changed meanwhile');
    expect(QuorateError.from(ours)).toBe(ours);
    const foreign = new TypeError('boom');
    const wrapped = QuorateError.from(foreign);
    expect(wrapped.code).toBe('internal');
    expect(wrapped.message).toBe('boom');
    expect(wrapped.cause).toBe(foreign);
    expect(QuorateError.from('just text').message).toBe('just text');
  });

  test('is matches any of the codes named, or all codes where none is', () => {
    const error = new QuorateError('expired', 'too old');
    expect(QuorateError.is(error)).toBe(true);
    expect(QuorateError.is(error, 'expired', 'conflict')).toBe(true);
    expect(QuorateError.is(error, 'conflict')).toBe(false);
    expect(QuorateError.is(new Error('x'))).toBe(false);
  });
});
