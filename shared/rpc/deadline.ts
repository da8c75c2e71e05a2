import type { IncomingHttpHeaders } from 'node:http2';
import { type StatusObject, status } from '@grpc/grpc-js';

/** Of gRPC's units of time. */
const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The longest that a timer can wait: some 24 days. */
const longestMs = 2 ** 31 - 1;

const passed: Partial<StatusObject> = {
  code: status.DEADLINE_EXCEEDED,
  details: 'context deadline exceeded',
};

/** In milliseconds; undefined where the client set none, NaN where it is not of gRPC's form. */
function timeoutOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['grpc-timeout'];
  if (text === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(text)) ?? [];
  return Number(digits || NaN) * (unitMs[unit] ?? NaN);
}

/**
 * Calls `end` with the status of a call whose time is up, or whose time nobody understands. The result
 * forgets that; undefined where the client gave the call all the time there is.
 */
export function atDeadline(
  headers: IncomingHttpHeaders,
  end: (failure: Partial<StatusObject>) => void,
): (() => void) | undefined {
  const timeoutMs = timeoutOf(headers);
  if (timeoutMs === undefined) return undefined;
  if (Number.isNaN(timeoutMs)) {
    end({ code: status.INTERNAL, details: 'malformed grpc-timeout' });
    return undefined;
  }
  if (timeoutMs === 0) {
    end(passed);
    return undefined;
  }
  const timer = setTimeout(() => end(passed), Math.min(Math.ceil(timeoutMs), longestMs));
  timer.unref();
  return () => clearTimeout(timer);
}
