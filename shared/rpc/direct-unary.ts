import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import {
  type handleUnaryCall,
  type Metadata,
  type MethodDefinition,
  type Server,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { Arrived } from './arrived.ts';
import { atDeadline } from './deadline.ts';
import { DirectPeer, metadataOf } from './direct-peer.ts';
import { DirectStream } from './direct-stream.ts';
import {
  decodeRequest,
  fail,
  isPlain,
  answerHeaders,
  okTrailers,
  prefixBytes,
  refusal,
  withTrailers,
} from './direct-wire.ts';
import { toStatus } from './errors.ts';
import { type IncompleteRequests, incompleteOf } from './incomplete.ts';
import { largeAnswersTo, largeBytes } from './large-answers.ts';
import { useStreamTables } from './stream-table.ts';

/*
 * Methods straight on node:http2, beneath the grpc-js server that owns the port: its interceptors,
 * filters and trackers are half of what a hot call costs. Streams one way, compressed messages
 * and whatever else is unusual stay with grpc-js. Calls that are cancelled, or whose time is up, run
 * on and their answers are dropped.
 */

type Unary = handleUnaryCall<unknown, unknown>;

interface Method {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: Unary;
  readonly maxRequestBytes: number;
}

type Dispatch = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const methods = new WeakMap<Server, Map<string, Method>>();

/** Serves a service directly, but for methods that stream one way; call it beside `addService`, before `listen`. */
export function serveDirectly(
  server: Server,
  service: ServiceDefinition,
  handlers: UntypedServiceImplementation,
  maxRequestBytes: number,
): void {
  const direct = methods.get(server) ?? new Map<string, Method>();
  methods.set(server, direct);
  for (const [name, definition] of Object.entries(service)) {
    if (definition.requestStream !== definition.responseStream) continue;
    const handler = handlers[name] as Unary;
    direct.set(definition.path, { definition, handler, maxRequestBytes });
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
      if (!method || !isPlain(headers)) grpc(stream, headers);
      else if (method.definition.requestStream) serveStream(method, stream, headers);
      else receive(method, stream, headers);
    };
    Object.defineProperty(dispatch, 'name', { value: dispatchName });
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', dispatch);
    useStreamTables(http2Server);
  }
  return all;
}

const dispatchName = 'dispatchDirectly';

function serveStream(
  { definition, handler, maxRequestBytes }: Method,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  const call = new DirectStream(definition, maxRequestBytes, stream, headers);
  (handler as unknown as (call: DirectStream) => void)(call);
}

const ignore = (): void => undefined;

function receive(method: Method, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const metadata = metadataOf(headers);
  let arrived: Arrived | undefined = new Arrived();
  let held: IncompleteRequests | undefined;
  const forget = atDeadline(headers, (failure) => {
    arrived = undefined;
    fail(stream, failure);
  });
  if (forget) stream.on('close', forget);
  // A stream that fails closes; nobody is left who could be told.
  stream.on('error', ignore);
  stream.on('data', (chunk: Buffer) => {
    if (!arrived) return;
    arrived.push(chunk);
    if (arrived.length < prefixBytes) return;
    const { bytes } = arrived;
    const length = bytes.readUInt32BE(1);
    const refused = refusal(bytes[0] as number, length, method.maxRequestBytes);
    const end = prefixBytes + length;
    if (!refused && bytes.length < end) {
      held ??= stream.session && incompleteOf(stream.session);
      held?.holds(stream, bytes.length);
      return;
    }
    arrived = undefined;
    held?.over(stream);
    if (refused) fail(stream, refused);
    else handle(method, stream, metadata, bytes.subarray(prefixBytes, end));
  });
  stream.on('close', () => held?.over(stream));
  stream.on('end', () => {
    if (arrived) fail(stream, { code: status.INTERNAL, details: 'the request is incomplete' });
  });
}

function handle(
  { definition, handler }: Method,
  stream: ServerHttp2Stream,
  metadata: Metadata,
  body: Buffer,
): void {
  const request = decodeRequest(definition, body);
  if ('refused' in request) {
    fail(stream, request.refused);
    return;
  }
  const call = new DirectCall(request.message, stream, metadata, definition.path);
  handler(call as unknown as ServerUnaryCall<unknown, unknown>, (error, response) => {
    answer(stream, error, () => definition.responseSerialize(response));
    call.answered();
  });
}

function answer(
  stream: ServerHttp2Stream,
  error: Parameters<Parameters<Unary>[1]>[0],
  serialized: () => Buffer,
): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  if (error) {
    fail(stream, error);
    return;
  }
  try {
    succeed(stream, serialized());
  } catch (thrown) {
    fail(stream, toStatus(thrown));
  }
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

function succeed(stream: ServerHttp2Stream, message: Buffer): void {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  stream.respond(answerHeaders, withTrailers);
  stream.on('wantTrailers', sendOk);
  if (frame.length > largeBytes && stream.session) {
    largeAnswersTo(stream.session).send(stream, frame);
  } else stream.end(frame);
}

/**
 * To be awaited just before an answer is made that may be large: it is made when the client has read
 * those before. Undefined where grpc-js serves the call.
 */
export function turnToAnswer(call: object): Promise<void> | undefined {
  return call instanceof DirectCall ? call.turnToAnswer() : undefined;
}

/** What handlers use of grpc-js's own call. */
class DirectCall extends DirectPeer implements Partial<ServerUnaryCall<unknown, unknown>> {
  readonly request: unknown;
  readonly #stream: ServerHttp2Stream;
  #turnOver: (() => void) | undefined;

  constructor(request: unknown, stream: ServerHttp2Stream, metadata: Metadata, path: string) {
    super(stream, metadata, path);
    this.request = request;
    this.#stream = stream;
  }

  get cancelled(): boolean {
    // Answered already: its time was up.
    return this.#stream.destroyed || this.#stream.closed || this.#stream.headersSent;
  }

  async turnToAnswer(): Promise<void> {
    const { session } = this.#stream;
    // Whoever begins anew has his turn already: nobody else would ever give it to him.
    if (session) this.#turnOver ??= await largeAnswersTo(session).turn();
    if (!this.cancelled) return;
    this.answered();
    throw new QuorateError('canceled', 'context canceled');
  }

  answered(): void {
    this.#turnOver?.();
    this.#turnOver = undefined;
  }
}
