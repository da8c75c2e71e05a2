import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '#shared/clock';
import { DurationHistogram } from '#shared/runtime';

/** Calls of one method, as the usual gRPC metrics count them. */
export interface MethodCounts {
  readonly service: string;
  readonly method: string;
  readonly type: 'unary' | 'client_stream' | 'server_stream' | 'bidi_stream';
  started: number;
  /** Messages. */
  received: number;
  sent: number;
  /** Ended calls by gRPC code. */
  readonly handled: number[];
  /** How long calls took, where that is kept. */
  readonly took: DurationHistogram | undefined;
}

/** What is told of how long calls take. */
export interface CallTiming {
  readonly clock: Clock;
  /** Keep histograms: `--metrics=extensive`. */
  readonly histograms: boolean;
  /** Unary calls that take longer are told to `slow`; 0: none. */
  readonly warningMs: number;
  readonly slow: (method: string, ms: number) => void;
}

interface AnyCall extends NodeJS.EventEmitter {
  readonly request?: unknown;
  write?: (...args: unknown[]) => unknown;
}
type Callback = (error: { readonly code?: number } | null, ...rest: unknown[]) => void;
type Handler = (call: AnyCall, callback: Callback) => void;

/** Go's gRPC middleware: Prometheus' default buckets, in milliseconds. */
const grpcBuckets = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

const okCode = 0;
const canceledCode = 1;
const unknownCode = 2;

/** The handlers of a service with each call counted; the counts are added to `all` and go on. */
export function count(
  definition: ServiceDefinition,
  handlers: UntypedServiceImplementation,
  all: MethodCounts[],
  timing: CallTiming,
): UntypedServiceImplementation {
  const counted: Record<string, Handler> = {};
  for (const [name, { path, requestStream, responseStream }] of Object.entries(definition)) {
    const [, service = '', method = ''] = path.split('/');
    const type = typeOf(requestStream, responseStream);
    const took = timing.histograms ? new DurationHistogram(grpcBuckets) : undefined;
    const counts: MethodCounts = {
      service,
      method,
      type,
      started: 0,
      received: 0,
      sent: 0,
      handled: [],
      took,
    };
    all.push(counts);
    const handler = handlers[name] as Handler | undefined;
    if (!handler) continue;
    counted[name] =
      type === 'unary' ? countUnary(counts, handler, timing) : countStream(counts, handler, timing);
  }
  return counted as UntypedServiceImplementation;
}

function countUnary(counts: MethodCounts, handler: Handler, timing: CallTiming): Handler {
  const { clock, warningMs, slow } = timing;
  const limitMs = warningMs > 0 ? warningMs : Infinity;
  return (call, callback) => {
    counts.started++;
    counts.received++;
    const startedMs = clock.monotonic();
    handler(call, (error, ...rest) => {
      const ms = clock.monotonic() - startedMs;
      counts.took?.observe(ms);
      if (ms > limitMs) slow(`${counts.service}/${counts.method}`, ms);
      if (!error) counts.sent++;
      ended(counts, error ? (error.code ?? unknownCode) : okCode);
      callback(error, ...rest);
    });
  };
}

function countStream(counts: MethodCounts, handler: Handler, { clock }: CallTiming): Handler {
  return (call, callback) => {
    counts.started++;
    const startedMs = clock.monotonic();
    let over = false;
    const end = (code: number): void => {
      if (over) return;
      over = true;
      counts.took?.observe(clock.monotonic() - startedMs);
      ended(counts, code);
    };
    call.on('error', (error: { readonly code?: number }) => end(error.code ?? unknownCode));
    call.on('cancelled', () => end(canceledCode));
    call.on('finish', () => end(okCode));
    if (counts.type === 'server_stream') counts.received++;
    const { write } = call;
    call.write = (...args) => {
      counts.sent++;
      return write?.apply(call, args);
    };
    handler(call, callback);
    // After the handler's own listener: the first one makes messages flow.
    if (counts.type === 'bidi_stream') call.on('data', () => counts.received++);
  };
}

function ended({ handled }: MethodCounts, code: number): void {
  handled[code] = (handled[code] ?? 0) + 1;
}

function typeOf(requestStream: boolean, responseStream: boolean): MethodCounts['type'] {
  if (requestStream) return responseStream ? 'bidi_stream' : 'client_stream';
  return responseStream ? 'server_stream' : 'unary';
}
