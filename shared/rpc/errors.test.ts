import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { errorCodes, type ErrorCode, QuorateError } from '#shared/base';
import { fromServiceError, toStatus } from './errors.ts';

const overTheWire = (error: QuorateError): QuorateError => {
  const { code, details, metadata } = toStatus(error);
  return fromServiceError({ code, details, metadata });
};

describe('errors over the wire', () => {
  test.each(Object.keys(errorCodes) as ErrorCode[])('%s arrives as it was thrown', (code) => {
    const details = {
      kind: 'pods',
      name: 'x',
      causes: [{ field: 'spec', message: 'no', reason: 'r' }],
    };
    const arrived = overTheWire(new QuorateError(code, 'what went wrong', { details }));
    expect(arrived.code).toBe(code);
    expect(arrived.message).toBe('what went wrong');
    expect(arrived.details).toEqual(details);
  });

  test('a foreign server’s bare status becomes the nearest code', () => {
    const metadata = new Metadata();
    const error = fromServiceError({ code: 14, details: 'etcdserver: no leader', metadata });
    expect(error.code).toBe('unavailable');
    expect(error.message).toBe('etcdserver: no leader');
  });

  test('grpc-js’s words around a refused connection are left out', () => {
    const metadata = new Metadata();
    const said = (note: string): string => {
      const details = `No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ${note}`;
      return fromServiceError({ code: 14, details, metadata }).message;
    };
    expect(said('')).toBe('No connection established: connect ECONNREFUSED 127.0.0.1:1');
    expect(said('x')).toBe('No connection established: connect ECONNREFUSED 127.0.0.1:1 (x)');
  });

  test('a trailer of ours that is not JSON is passed over', () => {
    const metadata = new Metadata();
    metadata.set('quorate-status-bin', Buffer.from('{oops'));
    expect(fromServiceError({ code: 5, details: 'gone', metadata }).code).toBe('not-found');
  });
});
