import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import {
  type MethodDefinition,
  type Server,
  type ServiceDefinition,
  type StatusObject,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { DirectStream } from './direct-stream.ts';
import { receiveUnary, type Unary } from './direct-unary.ts';
import { fail, isGrpc, unknownEncoding } from './direct-wire.ts';
import { useStreamTables } from './stream-table.ts';

/*
 * Methods straight on node:http2, beneath the grpc-js server that owns the port: its interceptors, filters and trackers
 * are half of what a hot call costs, and it keeps whatever is begun.
 */

interface Method {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: unknown;
  readonly maxRequestBytes: number;
}

type Dispatch = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const methods = new WeakMap<Server, Map<string, Method>>();

/** Serves a service directly, but for methods that clients stream to; call it beside `addService`, before `listen`. */
export function serveDirectly(
  server: Server,
  service: ServiceDefinition,
  handlers: UntypedServiceImplementation,
  maxRequestBytes: number,
): void {
  const direct = methods.get(server) ?? new Map<string, Method>();
  methods.set(server, direct);
  for (const [name, definition] of Object.entries(service)) {
    if (definition.requestStream && !definition.responseStream) continue;
    direct.set(definition.path, { definition, handler: handlers[name], maxRequestBytes });
  }
}

/**
 * To be called once the server is bound; what grpc-js listens with. Where it hides that, it serves
 * everything.
 */
export function installDirect(server: Server): Http2Server[] {
  const direct = methods.get(server);
  const { http2Servers } = server as unknown as {
    http2Servers?: ReadonlyMap<Http2Server, unknown>;
  };
  const all = [...(http2Servers?.keys() ?? [])];
  if (!direct) return all;
  for (const http2Server of all) {
    const listeners = http2Server.listeners('stream') as Dispatch[];
    const [grpc] = listeners;
    if (listeners.length !== 1 || !grpc || grpc.name === dispatchName) continue;
    const dispatch: Dispatch = (stream, headers) => {
      const method = direct.get(headers[':path'] as string);
      if (!isGrpc(headers)) refuseType(stream, headers);
      else if (method) begin(method, stream, headers);
      else refuse(stream, unknownMethod(headers[':path'] ?? '', direct));
    };
    Object.defineProperty(dispatch, 'name', { value: dispatchName });
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', dispatch);
    useStreamTables(http2Server);
  }
  return all;
}

const dispatchName = 'dispatchDirectly';

function begin(method: Method, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const { definition, handler, maxRequestBytes } = method;
  const refused = unknownEncoding(headers);
  if (refused) refuse(stream, refused);
  else if (definition.responseStream) {
    const call = new DirectStream(definition, maxRequestBytes, stream, headers);
    serveStream(call, definition, handler as (call: DirectStream) => void);
  } else {
    receiveUnary({ definition, handler: handler as Unary, maxRequestBytes }, stream, headers);
  }
}

function refuse(
  stream: ServerHttp2Stream,
  refused: Partial<StatusObject>,
  httpStatus?: number,
): void {
  // Nobody is left who could be told that the stream failed.
  stream.on('error', () => undefined);
  fail(stream, refused, httpStatus);
}

/** As Go's gRPC refuses what is none. */
function refuseType(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const type = JSON.stringify(headers['content-type'] ?? '');
  const details = `invalid gRPC request content-type ${type}`;
  refuse(stream, { code: status.INVALID_ARGUMENT, details }, 415);
}

/** In the words of Go's gRPC. */
function unknownMethod(path: string, known: ReadonlyMap<string, unknown>): Partial<StatusObject> {
  const [, service, method] = /^\/?(.*)\/([^/]*)$/.exec(path) ?? [];
  const isKnown = [...known.keys()].some((each) => each.startsWith(`/${service}/`));
  const details = isKnown
    ? `unknown method ${method} for service ${service}`
    : service
      ? `unknown service ${service}`
      : `malformed method name: ${JSON.stringify(path)}`;
  return { code: status.UNIMPLEMENTED, details };
}

function serveStream(
  call: DirectStream,
  { requestStream }: MethodDefinition<unknown, unknown>,
  handler: (call: DirectStream) => void,
): void {
  if (requestStream) {
    handler(call);
    return;
  }
  call.once('data', (request: unknown) => {
    call.request = request;
    handler(call);
  });
  call.once('end', () => {
    if (call.request !== undefined) return;
    call.emit('error', { code: status.UNKNOWN, details: 'EOF' });
  });
}
