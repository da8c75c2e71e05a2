import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type Metadata, type MethodDefinition, type StatusObject, status } from '@grpc/grpc-js';
import { Arrived } from './arrived.ts';
import { atDeadline } from './deadline.ts';
import { DirectPeer, metadataOf } from './direct-peer.ts';
import { type Held, type IncompleteRequests, incompleteOf } from './incomplete.ts';
import {
  decodeRequest,
  fail,
  answerHeaders,
  okTrailers,
  prefixBytes,
  refusal,
  trailersOf,
  withTrailers,
} from './direct-wire.ts';

/**
 * A call whose answers are a stream, on bare node:http2: as much of grpc-js's own as handlers use. What is
 * written in one turn of the event loop goes out as one piece.
 */
export class DirectStream extends EventEmitter {
  /** Where the client sends one message only. */
  request: unknown;
  readonly #definition: MethodDefinition<unknown, unknown>;
  readonly #stream: ServerHttp2Stream;
  readonly #peer: DirectPeer;
  readonly #maxRequestBytes: number;
  /** What has come and is not delivered. */
  #received = new Arrived();
  #receivedAll = false;
  #paused = false;
  /** With it, and other requests of its client's, too much would be held. */
  #crowded = false;
  /** By the handler; and so that the client knows how. */
  #ended = false;
  #answered = false;
  #cancelled = false;
  #failure: Partial<StatusObject> | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #told: ((error?: Error | null) => void)[] = [];

  constructor(
    definition: MethodDefinition<unknown, unknown>,
    maxRequestBytes: number,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) {
    super();
    this.#definition = definition;
    this.#maxRequestBytes = maxRequestBytes;
    this.#stream = stream;
    this.#peer = new DirectPeer(stream, metadataOf(headers), definition.path);
    // As on grpc-js's calls, handlers end one by this event.
    this.on('error', (error: Partial<StatusObject>) => this.#end(error));
    const forget = atDeadline(headers, (failure) => {
      if (this.#ended) return;
      this.#end(failure);
      this.#cancelled = true;
      this.emit('cancelled', 'deadline');
    });
    stream.on('data', (chunk: Buffer) => {
      // What the client still says has no meaning any more.
      if (this.#ended) return;
      this.#received.push(chunk);
      this.#deliver();
      this.#hold();
    });
    stream.on('end', () => {
      this.#receivedAll = true;
      this.#deliver();
    });
    // A stream that fails closes; nobody is left who could be told.
    stream.on('error', () => undefined);
    stream.on('aborted', () => this.#cancel());
    stream.on('drain', () => this.emit('drain'));
    stream.on('close', () => {
      forget?.();
      this.#incomplete?.over(this.#held);
      this.#cancel();
      this.emit('close');
    });
    stream.on('wantTrailers', () => {
      stream.sendTrailers(this.#failure ? trailersOf(this.#failure) : okTrailers);
      this.#answered = true;
      if (!this.#failure) this.emit('finish');
    });
  }

  get metadata(): Metadata {
    return this.#peer.metadata;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  getPath(): string {
    return this.#peer.getPath();
  }

  getAuthContext(): ReturnType<DirectPeer['getAuthContext']> {
    return this.#peer.getAuthContext();
  }

  getPeer(): string {
    return this.#peer.getPeer();
  }

  /** False where the client reads slower; `gone`: called when it was handed to the connection. */
  write(message: unknown, gone?: (error?: Error | null) => void): boolean {
    if (this.#ended) return false;
    const bytes = this.#definition.responseSerialize(message);
    const prefix = Buffer.allocUnsafe(prefixBytes);
    prefix[0] = 0;
    prefix.writeUInt32BE(bytes.length, 1);
    if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
    this.#waiting.push(prefix, bytes);
    this.#waitingBytes += prefixBytes + bytes.length;
    if (gone) this.#told.push(gone);
    const { writableLength, writableHighWaterMark } = this.#stream;
    return writableLength + this.#waitingBytes < writableHighWaterMark;
  }

  end(): void {
    this.#end(undefined);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#crowded) this.#stream.resume();
    this.#deliver();
    this.#hold();
  }

  readonly #held: Held = {
    pause: () => {
      this.#crowded = true;
      this.#stream.pause();
    },
    resume: () => {
      this.#crowded = false;
      if (!this.#paused) this.#stream.resume();
    },
  };
  #incomplete: IncompleteRequests | undefined;

  #hold(): void {
    const { length } = this.#received;
    if (length === 0) {
      this.#incomplete?.over(this.#held);
      return;
    }
    const { session } = this.#stream;
    this.#incomplete ??= session && incompleteOf(session);
    this.#incomplete?.holds(this.#held, length);
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#stream.destroyed || this.#stream.closed) return;
    const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
    const told = this.#told;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#told = [];
    if (!this.#stream.headersSent) this.#stream.respond(answerHeaders, withTrailers);
    this.#stream.write(bytes, (error) => {
      for (const gone of told) gone(error);
    });
  }

  #end(failure: Partial<StatusObject> | undefined): void {
    if (this.#ended) return;
    this.#failure = failure;
    this.#flush();
    this.#ended = true;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (failure && !stream.headersSent) {
      fail(stream, failure);
      this.#answered = true;
    } else {
      if (!stream.headersSent) stream.respond(answerHeaders, withTrailers);
      stream.end();
    }
    this.#received = new Arrived();
    this.#hold();
    stream.resume();
  }

  #cancel(): void {
    if (this.#answered || this.#cancelled) return;
    this.#cancelled = true;
    this.#ended = true;
    this.emit('cancelled', 'cancelled');
  }

  #deliver(): void {
    const received = this.#received;
    while (!this.#paused && !this.#ended && received.length >= prefixBytes) {
      const { bytes } = received;
      const length = bytes.readUInt32BE(1);
      const refused = refusal(bytes[0] as number, length, this.#maxRequestBytes);
      if (refused) {
        this.emit('error', refused);
        return;
      }
      const end = prefixBytes + length;
      if (received.length < end) break;
      const request = decodeRequest(this.#definition, received.take(end).subarray(prefixBytes));
      if ('refused' in request) this.emit('error', request.refused);
      else this.emit('data', request.message);
    }
    if (!this.#receivedAll || this.#paused || this.#ended) return;
    this.#receivedAll = false;
    if (received.length > 0) {
      this.emit('error', { code: status.INTERNAL, details: 'unexpected EOF' });
    } else this.emit('end');
  }
}
