import { TLSSocket } from 'node:tls';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js';

type AuthContext = ReturnType<ServerUnaryCall<unknown, unknown>['getAuthContext']>;

/** What handlers ask grpc-js's calls about whoever called. */
export class DirectPeer {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #path: string;
  #metadata: Metadata | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, path: string) {
    this.#stream = stream;
    this.#headers = headers;
    this.#path = path;
  }

  get metadata(): Metadata {
    this.#metadata ??= Metadata.fromHttp2Headers(this.#headers);
    return this.#metadata;
  }

  getPath(): string {
    return this.#path;
  }

  getAuthContext(): AuthContext {
    const socket = this.#stream.session?.socket;
    if (!(socket instanceof TLSSocket)) return {};
    const certificate = socket.getPeerCertificate();
    return {
      transportSecurityType: 'ssl',
      ...(certificate.raw && { sslPeerCertificate: certificate }),
    };
  }

  getPeer(): string {
    const socket = this.#stream.session?.socket;
    return socket ? `${socket.remoteAddress}:${socket.remotePort}` : 'unknown';
  }
}
