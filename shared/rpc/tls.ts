import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ChannelCredentials, credentials, Metadata, type Server } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { injector } from './server.ts';

/** How a server shows who it is, and by whose certificates it knows its clients. PEM. */
export interface ServerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How a client knows its servers, and shows who it is itself. PEM. */
export interface ClientTls {
  readonly ca: string;
  /** A name that the server's certificate must have, wherever it is reached; absent: its address. */
  readonly serverName?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** A bearer token, sent with every call; asked for each time, since tokens are renewed. */
  readonly token?: (() => string) | undefined;
}

export interface TlsListener {
  readonly port: number;
  /** Takes no more connections; those there are belong to the server. */
  close(): void;
}

export interface TlsListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ServerTls;
  /**
   * Which connections are let in. Absent: all, also those without a certificate of the authority,
   * whose calls must say themselves who makes them.
   */
  readonly admits?: ((socket: TLSSocket) => boolean) | undefined;
  /** Has the connections of clients that can do without HTTP/2; absent: there are none. */
  readonly http?: HttpServer | undefined;
}

const keepAliveMs = 30_000;

/**
 * Serves gRPC over TLS; port 0 takes a free one. What a call's `getAuthContext` gives as the peer's
 * certificate is one of the authority's.
 */
export function listenTls(
  server: Server,
  { host, port, tls, admits, http }: TlsListenOptions,
): Promise<TlsListener> {
  const accept = injector(server);
  const listener = createTlsServer({
    ...tls,
    // Clients of gRPC offer HTTP/2 alone; to those that offer both, what they get here is plain HTTP.
    ALPNProtocols: http ? ['http/1.1', 'h2'] : ['h2'],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  });
  listener.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    if (admits && !admits(socket)) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    if (http && socket.alpnProtocol !== 'h2') http.emit('connection', socket);
    else accept(socket);
  });
  // A handshake that fails is its client's business.
  listener.on('tlsClientError', () => undefined);
  return new Promise((resolve, reject) => {
    listener.once('error', (error) =>
      reject(
        new QuorateError('unavailable', `cannot listen on ${host}:${port}: ${error.message}`, {
          cause: error,
        }),
      ),
    );
    listener.listen(port, host, () => {
      const bound = (listener.address() as AddressInfo).port;
      resolve({ port: bound, close: () => void listener.close() });
    });
  });
}

/** Credentials of a channel; without TLS in clear text, which is for loopback only. */
export function channelCredentials(tls: ClientTls | undefined): ChannelCredentials {
  if (!tls) return credentials.createInsecure();
  const { ca, cert, key, token } = tls;
  const channel = credentials.createSsl(
    Buffer.from(ca),
    key === undefined ? null : Buffer.from(key),
    cert === undefined ? null : Buffer.from(cert),
  );
  if (!token) return channel;
  const bearer = credentials.createFromMetadataGenerator((_call, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token()}`);
    done(null, metadata);
  });
  return credentials.combineChannelCredentials(channel, bearer);
}
