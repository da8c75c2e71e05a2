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
import { badRequest, requestTooLarge, statusFor } from '#shared/api';
import { fromJson } from '../json.ts';
import { duplicateFields } from './duplicate-fields.ts';
import { parseMediaType } from './negotiate.ts';

/** As Kubernetes: a little over what an object may have, for a patch of it. */
const maxBodyBytes = 3 * 1024 * 1024;
/** Of a larger one so much is taken and thrown away: who still sends when the connection ends does not hear why. */
const maxDiscardedBytes = 16 * 1024 * 1024;

/** It is read without a turn for others, at a few megabytes a second at best. */
const maxYamlBytes = 512 * 1024;

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

  constructor(request: Http2ServerRequest, response: Http2ServerResponse, upgrade?: Upgrade) {
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
   * The body, or undefined where there is none. `twice` is told what is in it twice, worded as by
   * Kubernetes' decoders. Throws `too-large` and `bad-request`.
   */
  async body(twice?: (duplicates: readonly string[]) => void): Promise<unknown> {
    const bytes = await this.#read();
    if (bytes.length === 0) return undefined;
    const { type } = parseMediaType(this.header('content-type') ?? 'application/json');
    if (type === 'application/yaml' || type.endsWith('+yaml')) {
      return fromYaml(bytes, twice);
    }
    if (type === 'application/vnd.kubernetes.protobuf') {
      const { decodeProtobuf } = await import('./protobuf/decode.ts');
      return decodeProtobuf(bytes);
    }
    if (type === 'application/json' || type === '*/*' || type.endsWith('+json')) {
      return readJson(bytes, twice);
    }
    throw new QuorateError(
      'unsupported-media-type',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
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
    this.response.end(body);
  }

  /** The same answer until the server changes: clients keep it by its hash. */
  cacheable(body: Buffer, type: string): void {
    const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
    const headers = { etag, vary: 'Accept', 'cache-control': 'public' };
    if (this.header('if-none-match') === etag) {
      this.start(type, 304, headers);
      this.response.end();
      return;
    }
    this.start(type, 200, { ...headers, 'content-length': body.length });
    this.response.end(body);
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
    const asked = this.query.get('pretty');
    if (asked !== null) return asked !== 'false' && asked !== '0';
    return /^(curl|Wget|Mozilla)/.test(this.header('user-agent') ?? '');
  }

  async #read(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const declared = Number(this.header('content-length') ?? 0);
    let length = 0;
    if (declared > maxBodyBytes) length = maxBodyBytes;
    if (declared > maxBodyBytes + maxDiscardedBytes) throw bodyTooLarge();
    // To break off a reading that ends the stream would end the connection.
    for await (const chunk of this.request.iterator({ destroyOnReturn: false })) {
      length += (chunk as Buffer).length;
      if (length <= maxBodyBytes) chunks.push(chunk as Buffer);
      else chunks.length = 0;
      if (length > maxBodyBytes + maxDiscardedBytes) break;
    }
    if (length > maxBodyBytes) throw bodyTooLarge();
    return Buffer.concat(chunks);
  }
}

const bodyTooLarge = (): QuorateError =>
  requestTooLarge(`Request entity too large: limit is ${maxBodyBytes}`);

type Twice = ((duplicates: readonly string[]) => void) | undefined;

function readJson(bytes: Buffer, twice: Twice): unknown {
  const value = fromJson(bytes, 'body');
  const duplicates = twice ? duplicateFields(bytes.toString()) : [];
  if (duplicates.length > 0) {
    twice?.(duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`));
  }
  return value;
}

async function fromYaml(bytes: Buffer, twice: Twice): Promise<unknown> {
  const text = bytes.toString();
  // kubectl sends JSON, which is YAML too.
  if (text.trimStart().startsWith('{') && isJson(text)) return readJson(bytes, twice);
  if (bytes.length > maxYamlBytes) {
    throw requestTooLarge(
      `Request entity too large: limit is ${maxYamlBytes} for YAML, ${maxBodyBytes} for JSON`,
    );
  }
  const { readYaml } = await import('./yaml.ts');
  const { value, duplicates } = readYaml(text);
  if (duplicates.length > 0) twice?.([`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`]);
  // As deep as any other body, and no deeper.
  return fromJson(Buffer.from(jsonOf(value)), 'body');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value ?? null);
  } catch (thrown) {
    // Nested deeper than the stack is, or an alias of what holds it.
    throw badRequest(`error decoding YAML: ${(thrown as Error).message}`);
  }
}

/** A quoted-string of HTTP: ASCII, without line ends. */
const quoted = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
