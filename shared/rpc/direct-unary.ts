import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import {
  type handleUnaryCall,
  type Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { Arrived } from './arrived.ts';
import { atDeadline } from './deadline.ts';
import { DirectPeer, metadataOf } from './direct-peer.ts';
import {
  decodeRequest,
  fail,
  answerHeaders,
  okTrailers,
  prefixBytes,
  refusal,
  withTrailers,
} from './direct-wire.ts';
import { toStatus } from './errors.ts';
import { type IncompleteRequests, incompleteOf } from './incomplete.ts';
import { largeAnswersTo, largeBytes } from './large-answers.ts';

/*
 * Calls with one message and one answer. Those that are cancelled, or whose time is up, run on unless their handler
 * asks (`cancelled`), and their answers are dropped.
 */

export type Unary = handleUnaryCall<unknown, unknown>;

interface UnaryMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: Unary;
  readonly maxRequestBytes: number;
}

const ignore = (): void => undefined;

export function receiveUnary(
  method: UnaryMethod,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  const metadata = metadataOf(headers);
  let arrived: Arrived | undefined = new Arrived();
  let held: IncompleteRequests | undefined;
  const forget = atDeadline(headers, (failure) => {
    arrived = undefined;
    if (stream.headersSent) return;
    fail(stream, failure);
    // Its handler hears of it, whatever the client still means to say.
    stream.close();
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
    if (!arrived) return;
    const details = arrived.length === 0 ? 'EOF' : 'unexpected EOF';
    fail(stream, { code: status.UNKNOWN, details });
  });
}

function handle(
  { definition, handler }: UnaryMethod,
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
  stream.respond(answerHeaders, withTrailers);
  stream.on('wantTrailers', sendOk);
  if (message.length > largeBytes && stream.session) {
    stream.write(prefixed(message.length, 0));
    largeAnswersTo(stream.session).send(stream, message);
    return;
  }
  const frame = prefixed(message.length, message.length);
  frame.set(message, prefixBytes);
  stream.end(frame);
}

/** The beginning of a message of gRPC, uncompressed, with room for so much of it. */
function prefixed(length: number, room: number): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + room);
  frame[0] = 0;
  frame.writeUInt32BE(length, 1);
  return frame;
}

/**
 * To be awaited just before an answer is made that may be large: it is made when the client has read
 * those before. Undefined where grpc-js serves the call.
 */
export function turnToAnswer(call: object): Promise<void> | undefined {
  return call instanceof DirectCall ? call.turnToAnswer() : undefined;
}

/** What handlers use of grpc-js's own call. */
class DirectCall
  extends DirectPeer
  implements Partial<Omit<ServerUnaryCall<unknown, unknown>, 'on'>>
{
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

  /** The client has gone, or its time is up. */
  on(_event: 'cancelled', heard: () => void): this {
    if (this.cancelled) heard();
    else this.#stream.once('close', heard);
    return this;
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
