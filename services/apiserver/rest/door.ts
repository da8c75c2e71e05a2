import type { ServerOptions } from 'node:http';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { QuorateError } from '#shared/base';
import type { ServerTls } from '#shared/rpc';
import type { Logger } from '#shared/runtime';
import type { Core } from '../core.ts';
import { callerOf } from './caller.ts';
import { serveDiscovery, serveIndex, unknownPath } from './discovery.ts';
import { Exchange } from './exchange.ts';
import { serveHealth, serveVersion } from './health.ts';
import { serveIssuer } from './oidc.ts';
import { methodNotAllowed, serveResource } from './resources.ts';
import { requestLabels } from './request-labels.ts';
import { takeUpgrades } from './streams/requests.ts';
import { parseTarget } from './target.ts';
import { uploadMs } from './upload.ts';

/** A write in flight may still be answered; watches end at once. */
const graceMs = 1_000;

/** As Kubernetes had it for long; Go clients open another connection for more. */
const maxConcurrentStreams = 250;

/** A client that vanished without a word is noticed although nothing is sent to it. */
const keepAliveMs = 30_000;
/** Longer than Go's clients keep an idle connection: whoever closes first must not be the server. */
const idleTimeoutMs = 120_000;

/** As long as Kubernetes waits for the head of a request. */
const headersMs = 32_000;

const http1Options: ServerOptions = {
  keepAliveTimeout: idleTimeoutMs,
  headersTimeout: headersMs,
  requestTimeout: uploadMs,
  connectionsCheckingInterval: 5_000,
};

export interface RestListen {
  readonly host: string;
  readonly port: number;
  readonly tls: ServerTls;
}

export interface RestDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** The Kubernetes REST API on `host:port`, HTTP/2 and HTTP/1.1 over TLS; port 0 takes a free one. */
export async function openRestDoor(core: Core, log: Logger, listen: RestListen): Promise<RestDoor> {
  const stopping = new AbortController();
  const server = createSecureServer({
    ...listen.tls,
    allowHTTP1: true,
    requestCert: true,
    // Who shows no certificate gets an answer that says so, not a broken connection.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    settings: { maxConcurrentStreams },
    http1Options,
  });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  server.on('tlsClientError', (error) => log.debug({ error: error.message }, 'TLS handshake'));
  const { signal } = stopping;
  server.on('request', (request, response) => {
    void serve(core, log, new Exchange(request, response, core.clock), signal);
  });
  takeUpgrades(server, core.clock, (exchange) => void serve(core, log, exchange, signal));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const grace = core.clock.after(graceMs, () => {
        for (const socket of sockets) socket.destroy();
      });
      await closed;
      grace.cancel();
    },
  };
}

async function serve(
  core: Core,
  log: Logger,
  exchange: Exchange,
  stopping: AbortSignal,
): Promise<void> {
  count(core, exchange);
  try {
    await route(core, exchange, stopping);
  } catch (thrown) {
    const error = QuorateError.from(thrown);
    if (error.code === 'internal') {
      log.error({ err: error, method: exchange.method, path: exchange.pathname }, 'request failed');
    }
    if (!exchange.signal.aborted) exchange.fail(error);
  }
}

/** Until the answer is complete, or the client has gone. */
function count({ kinds, clock, metrics }: Core, exchange: Exchange): void {
  const end = metrics.begin(requestLabels(kinds, exchange));
  const startedAt = clock.monotonic();
  exchange.signal.addEventListener('abort', () => {
    const { response, upgrade } = exchange;
    const code = upgrade && !response.headersSent ? 101 : response.statusCode;
    end(code, clock.monotonic() - startedAt);
  });
}

/** The OpenAPI documents: loaded with the first request for one, since most servers get none. */
async function serveOpenApi(core: Core, path: string, exchange: Exchange): Promise<boolean> {
  if (!path.startsWith('/openapi/')) return false;
  const { openApiOf } = await import('./openapi/openapi.ts');
  return openApiOf(core.kinds).serve(path, exchange);
}

async function route(core: Core, exchange: Exchange, stopping: AbortSignal): Promise<void> {
  const user = await callerOf(core, exchange.request);
  const target = parseTarget(exchange.pathname);
  if (target.type === 'resource') return serveResource(core, user, target, exchange, stopping);
  const { path } = target;
  const verb = exchange.method.toLowerCase();
  await core.requests.authorizePath(user, verb, path);
  if (verb !== 'get') throw methodNotAllowed();
  if (path === '/version') return serveVersion(exchange);
  if (path === '/metrics') {
    const text = await core.metrics.text();
    return exchange.bytes(Buffer.from(text), 'text/plain; version=0.0.4; charset=utf-8');
  }
  if (path === '/') return serveIndex(core.kinds, exchange);
  if (serveDiscovery(core.kinds, path, exchange)) return;
  if (await serveOpenApi(core, path, exchange)) return;
  if (await serveHealth(core, path, exchange)) return;
  if (await serveIssuer(core, path, exchange)) return;
  throw unknownPath();
}
