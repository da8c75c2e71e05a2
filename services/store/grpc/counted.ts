import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';

/** Calls of one method, as the usual gRPC metrics count them. */
export interface MethodCounts {
  readonly service: string;
  readonly method: string;
  readonly type: 'unary' | 'client_stream' | 'server_stream' | 'bidi_stream';
  started: number;
  /** Ended calls by gRPC code. */
  readonly handled: number[];
}

interface AnyCall extends NodeJS.EventEmitter {
  readonly request?: unknown;
}
type Callback = (error: { readonly code?: number } | null, ...rest: unknown[]) => void;
type Handler = (call: AnyCall, callback: Callback) => void;

const okCode = 0;
const canceledCode = 1;
const unknownCode = 2;

/** The handlers of a service with each call counted; the counts are added to `all` and go on. */
export function count(
  definition: ServiceDefinition,
  handlers: UntypedServiceImplementation,
  all: MethodCounts[],
): UntypedServiceImplementation {
  const counted: Record<string, Handler> = {};
  for (const [name, { path, requestStream, responseStream }] of Object.entries(definition)) {
    const [, service = '', method = ''] = path.split('/');
    const type = typeOf(requestStream, responseStream);
    const counts: MethodCounts = { service, method, type, started: 0, handled: [] };
    all.push(counts);
    const handler = handlers[name] as Handler | undefined;
    if (!handler) continue;
    counted[name] = type === 'unary' ? countUnary(counts, handler) : countStream(counts, handler);
  }
  return counted as UntypedServiceImplementation;
}

function countUnary(counts: MethodCounts, handler: Handler): Handler {
  return (call, callback) => {
    counts.started++;
    handler(call, (error, ...rest) => {
      ended(counts, error ? (error.code ?? unknownCode) : okCode);
      callback(error, ...rest);
    });
  };
}

function countStream(counts: MethodCounts, handler: Handler): Handler {
  return (call, callback) => {
    counts.started++;
    let over = false;
    const end = (code: number): void => {
      if (!over) ended(counts, code);
      over = true;
    };
    call.on('error', (error: { readonly code?: number }) => end(error.code ?? unknownCode));
    call.on('cancelled', () => end(canceledCode));
    call.on('finish', () => end(okCode));
    handler(call, callback);
  };
}

function ended({ handled }: MethodCounts, code: number): void {
  handled[code] = (handled[code] ?? 0) + 1;
}

function typeOf(requestStream: boolean, responseStream: boolean): MethodCounts['type'] {
  if (requestStream) return responseStream ? 'bidi_stream' : 'client_stream';
  return responseStream ? 'server_stream' : 'unary';
}
