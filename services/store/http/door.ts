import type { RequestListener, Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Inject } from '#shared/rpc';
import { listenOn } from '../address.ts';
import { handshakeRecord, Handshakes } from '../tls/handshakes.ts';
import type { TlsIdentity } from '../tls/identity.ts';
import type { Rejections } from '../tls/rejections.ts';
import type { Connections } from './connection-limit.ts';
import { emptySettings, HeaderMender } from './http2-frames.ts';
import { type Opening, opening } from './opening.ts';

/** What is not served here is dropped. */
export interface DoorParts {
  /** Takes a connection that speaks HTTP/2. */
  readonly grpc?: Inject;
  /** Everything else; loaded when the first HTTP/1 request comes. */
  readonly http?: () => Promise<RequestListener>;
  readonly rejections: Rejections;
  /** Absent: there may be any number of them. */
  readonly connections?: Connections;
}

/** More than any client says before its first request is whole. */
const openingBytesMax = 1 << 20;
/** In the words of Go's server. */
const plainRefusal =
  'HTTP/1.0 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n' +
  'Client sent an HTTP request to an HTTPS server.\n';
const h2 = { value: 'h2' };
/** As Node's own limit for the headers of a request. */
const silenceMs = 60_000;

/**
 * One port for gRPC and HTTP/1: the first bytes of a connection say which it is. They are put back
 * and the bare socket is handed on, so that afterwards nothing stands between it and its server, but
 * for clients whose headers need mending (authority.ts).
 */
export class ClientDoor {
  readonly #parts: DoorParts;
  readonly #servers: Server[] = [];
  readonly #handshakes: Handshakes[] = [];
  /** Connections that have said nothing yet. */
  readonly #silent = new Set<Socket>();
  #http: Promise<HttpServer> | undefined;
  readonly #grpcSockets = new Set<Socket>();
  #closedBytes = { read: 0, written: 0 };

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  /** Binds, in clear text where there is no `tls`, and resolves with the port bound. */
  listen(url: string, tls?: TlsIdentity): Promise<number> {
    const handshakes = tls && this.#newHandshakes(tls);
    const server = createServer({ noDelay: true }, (socket) => {
      if (this.#admits(socket)) this.#accept(socket, handshakes);
    });
    this.#servers.push(server);
    return listenOn(server, url);
  }

  /** Bytes that gRPC clients have sent and been sent. */
  get grpcBytes(): { read: number; written: number } {
    let { read, written } = this.#closedBytes;
    for (const socket of this.#grpcSockets) {
      read += socket.bytesRead;
      written += socket.bytesWritten;
    }
    return { read, written };
  }

  /** gRPC's connections are ended by its own server. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#silent) socket.destroy();
    for (const handshakes of this.#handshakes) handshakes.close();
    void this.#http?.then((server) => server.closeAllConnections());
  }

  #newHandshakes(identity: TlsIdentity): Handshakes {
    const { rejections } = this.#parts;
    const accept = (socket: TLSSocket): void => {
      // Whoever speaks HTTP/2 without having agreed on it is understood all the same.
      if (socket.alpnProtocol === false) Object.defineProperty(socket, 'alpnProtocol', h2);
      this.#accept(socket, undefined);
    };
    // gRPC's clients offer HTTP/2 alone. Who offers both, such as curl, wants what HTTP/1 has here.
    const protocols = ['http/1.1', 'h2', 'http/1.0'];
    const handshakes = new Handshakes({ identity, protocols, accept, rejections });
    this.#handshakes.push(handshakes);
    return handshakes;
  }

  #admits(socket: Socket): boolean {
    const refusal = this.#parts.connections?.refusal(socket);
    if (refusal === undefined) return true;
    this.#parts.rejections.tell(socket, refusal);
    socket.on('error', () => undefined).destroy();
    return false;
  }

  /** `handshakes`: it must speak TLS first. */
  #accept(socket: Socket, handshakes: Handshakes | undefined): void {
    this.#silent.add(socket);
    let head: Buffer = Buffer.alloc(0);
    let greeted = false;
    const look = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (!chunk) return;
      head = Buffer.concat([head, chunk]);
      const isTls = head[0] === handshakeRecord;
      if (handshakes || isTls) {
        forget();
        if (isTls && handshakes) {
          socket.unshift(head);
          handshakes.take(socket);
        } else {
          this.#refuse(socket, head);
        }
        return;
      }
      const so = opening(head, greeted);
      if (so.is !== 'open') {
        forget();
        this.#serve(socket, head, so);
        return;
      }
      if (so.greet) {
        greeted = true;
        socket.write(emptySettings);
      }
      if (head.length > openingBytesMax) drop();
    };
    const drop = (): void => {
      forget();
      socket.destroy();
    };
    const forget = (): void => {
      this.#silent.delete(socket);
      socket.off('readable', look).off('end', drop).off('error', drop).off('timeout', drop);
      socket.setTimeout(0);
    };
    socket.on('readable', look).on('end', drop).on('error', drop);
    socket.setTimeout(silenceMs, drop);
  }

  #serve(socket: Socket, head: Buffer, so: Exclude<Opening, { is: 'open' }>): void {
    const { grpc, http } = this.#parts;
    if (so.is === 'http2' && grpc) {
      socket.unshift(so.bytes);
      this.#serveGrpc(socket, grpc, so.mend);
    } else if (so.is === 'http1' && http) {
      socket.unshift(head);
      void this.#serveHttp(socket, http);
    } else socket.destroy();
  }

  /** In clear text where TLS is spoken, or the other way round. */
  #refuse(socket: Socket, head: Buffer): void {
    const isTls = head[0] === handshakeRecord;
    const reason = isTls
      ? 'the client speaks TLS, this port is for http:// URLs'
      : 'the client speaks in clear text, this port is for https:// URLs';
    this.#parts.rejections.tell(socket, reason);
    socket.on('error', () => undefined);
    if (!isTls && /^(?!PRI )[A-Z]+ /.test(head.toString('latin1', 0, 16))) socket.end(plainRefusal);
    else socket.destroy();
  }

  #serveGrpc(socket: Socket, grpc: Inject, mend: boolean): void {
    this.#grpcSockets.add(socket);
    socket.once('close', () => {
      this.#grpcSockets.delete(socket);
      this.#closedBytes.read += socket.bytesRead;
      this.#closedBytes.written += socket.bytesWritten;
    });
    if (mend) grpc(mended(socket), socket);
    else grpc(socket);
  }

  async #serveHttp(socket: Socket, http: () => Promise<RequestListener>): Promise<void> {
    const dropped = (): void => {
      socket.destroy();
    };
    socket.on('error', dropped);
    this.#http ??= loadHttp(http);
    const server = await this.#http;
    socket.off('error', dropped);
    if (!socket.destroyed) server.emit('connection', socket);
  }
}

/** The connection, with its requests' headers mended; only clients that need it pay for it. */
function mended(socket: Socket): Duplex {
  const connection = Duplex.from({ readable: socket.pipe(new HeaderMender()), writable: socket });
  connection.on('close', () => socket.destroy());
  socket.on('error', () => connection.destroy());
  return connection;
}

/** Longer than Go's clients keep an idle connection: whoever closes first must not be the server. */
const idleTimeoutMs = 120_000;

async function loadHttp(http: () => Promise<RequestListener>): Promise<HttpServer> {
  const [{ createServer: createHttpServer }, listener] = await Promise.all([
    import('node:http'),
    http(),
  ]);
  return createHttpServer({ keepAliveTimeout: idleTimeoutMs }, listener);
}
