import { createHash } from 'node:crypto';
import type { OutgoingMessage } from 'node:http';
import {
  constants,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { QuorateError } from '#shared/base';
import { statusFor } from '#shared/api';
import type { Clock } from '#shared/clock';
import { decodeBody, type Twice } from './body.ts';
import { parseMediaType } from './negotiate.ts';
import { booleanParam } from './params.ts';
import { discardUpload, isUploaded, readUpload } from './upload.ts';

/** The connection of a request that asks to make something else of it. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What has come after the request already. */
  readonly head: Buffer;
}

/**
 * One request and its answer, HTTP/1.1 or 2. The two of node:http have the same methods where this
 * uses them.
 */
export class Exchange {
  readonly method: string;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  /** Aborts when the client leaves, or the answer is complete. */
  readonly signal: AbortSignal;
  readonly upgrade: Upgrade | undefined;
  readonly #warnings: string[] = [];
  readonly #clock: Clock;

  constructor(
    request: Http2ServerRequest,
    response: Http2ServerResponse,
    clock: Clock,
    upgrade?: Upgrade,
  ) {
    this.#clock = clock;
    this.upgrade = upgrade;
    this.request = request;
    this.response = response;
    this.method = request.method;
    const at = request.url.indexOf('?');
    this.pathname = at < 0 ? request.url : request.url.slice(0, at);
    this.query = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
    const ended = new AbortController();
    this.signal = ended.signal;
    response.on('close', () => ended.abort());
    // The client went away; `close` follows.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
  }

  /** As the client called the server. */
  get host(): string {
    return this.header(':authority') ?? this.header('host') ?? '';
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  }

  /** A line for the person who made the request, in the answer's headers. */
  readonly warn = (text: string): void => {
    this.#warnings.push(text);
  };

  /**
   * The body, or undefined where there is none. `twice` is told what is in it twice. Throws `too-large`,
   * `bad-request`, `unsupported-media-type`, and `deadline-exceeded` for one that does not come to its end.
   */
  async body(twice?: Twice): Promise<unknown> {
    const bytes = await readUpload(this.request, this.#clock);
    if (bytes.length === 0) return undefined;
    const { type } = parseMediaType(this.header('content-type') ?? 'application/json');
    return decodeBody(bytes, type, this.signal, twice);
  }

  json(body: object, code = 200, type = 'application/json'): void {
    const text = JSON.stringify(body, undefined, this.pretty ? 2 : undefined);
    this.bytes(Buffer.from(this.pretty ? `${text}\n` : text), type, code);
  }

  text(body: string, code = 200): void {
    this.bytes(Buffer.from(body), 'text/plain; charset=utf-8', code);
  }

  bytes(body: Buffer, type: string, code = 200): void {
    this.start(type, code, { 'content-length': body.length });
    this.#end(body);
  }

  /** The same answer until the server changes: clients keep it by its hash. */
  cacheable(body: Buffer, type: string): void {
    const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
    const headers = { etag, vary: 'Accept', 'cache-control': 'public' };
    if (this.header('if-none-match') === etag) {
      this.start(type, 304, headers);
      this.#end();
      return;
    }
    this.start(type, 200, { ...headers, 'content-length': body.length });
    this.#end(body);
  }

  /** Sends the head of an answer whose body is written by the caller. */
  start(type: string, code = 200, headers: Record<string, string | number> = {}): void {
    const warnings = this.#warnings.map((text) => `299 - ${quoted(text)}`);
    if (warnings.length > 0) this.response.setHeader('warning', warnings);
    this.response.writeHead(code, {
      'content-type': type,
      'cache-control': 'no-cache, private',
      ...headers,
    });
  }

  /** Sends the head of an answer without waiting for its body; HTTP/2 does so by itself. */
  flush(): void {
    (this.response as unknown as Partial<OutgoingMessage>).flushHeaders?.();
  }

  fail(thrown: unknown): void {
    const status = statusFor(QuorateError.from(thrown));
    if (this.response.headersSent) {
      // Half an answer cannot be taken back: the client must see that it is not whole.
      this.abort();
      return;
    }
    const after = status.details?.retryAfterSeconds;
    if (after !== undefined) this.response.setHeader('retry-after', String(after));
    this.json(status, status.code ?? 500);
  }

  /** Breaks the answer off, and on HTTP/2 nothing but it. */
  abort(): void {
    const stream = this.request.stream as ServerHttp2Stream | undefined;
    if (stream?.session) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else this.request.socket.destroy();
  }

  /** People read what these print. */
  get pretty(): boolean {
    const asked = booleanParam(this.query, 'pretty');
    if (asked !== undefined) return asked;
    return /^(curl|Wget|Mozilla)/.test(this.header('user-agent') ?? '');
  }

  /** Ends the answer when all that the client sends has come: who still sends may not hear it otherwise. */
  #end(body?: Buffer): void {
    const { request, response } = this;
    if (this.upgrade || isUploaded(request)) {
      response.end(body ?? '');
      return;
    }
    if (body) response.write(body);
    void discardUpload(request, this.#clock).then(() => response.end());
  }
}

/** A quoted-string of HTTP: ASCII, without line ends. */
const quoted = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
