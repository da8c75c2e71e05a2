import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { QuorateError } from '#shared/base';
import type { Call } from '../../requests/call.ts';
import type { Exchange } from '../exchange.ts';

/** Of one connection only, or said anew on the next. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Who the caller is, is between the caller and the API server. */
const isSecret = (name: string): boolean =>
  name === 'authorization' || name.startsWith('impersonate-');

/**
 * Passes a request on to a pod, to one of a service's, or to a node's agent, as it is: `path` is what comes after
 * `/proxy`, undefined where not even a slash does.
 */
export async function serveProxy(
  call: Call,
  exchange: Exchange,
  path: string | undefined,
  stopping: AbortSignal,
): Promise<void> {
  if (path === undefined && exchange.method === 'GET' && !exchange.upgrade) {
    // Links of the page that is found there are relative to it.
    exchange.start('text/html; charset=utf-8', 301, {
      location: `${exchange.pathname}/${searchOf(exchange)}`,
    });
    exchange.response.end();
    return;
  }
  const gone = AbortSignal.any([exchange.signal, stopping]);
  const { scheme, transport } = await call.connect(gone).catch(explain);
  transport.on('error', () => undefined);
  const socket =
    scheme === 'https' ? tlsConnect({ socket: transport, rejectUnauthorized: false }) : transport;
  const request = httpRequest({
    createConnection: () => socket,
    method: exchange.method,
    path: `${path ?? '/'}${searchOf(exchange)}`,
    headers: forwarded(exchange),
  });
  exchange.signal.addEventListener('abort', () => request.destroy(), { once: true });
  stopping.addEventListener('abort', () => request.destroy(), { once: true });
  const answered = new Promise<IncomingMessage | undefined>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.once('upgrade', (response: IncomingMessage, peer: Duplex, head: Buffer) => {
      joinUpgrade(exchange, response, peer, head);
      resolve(undefined);
    });
  });
  send(exchange, request);
  try {
    const response = await answered;
    if (response) await answer(exchange, response, path ?? '/');
  } catch (thrown) {
    if (exchange.response.headersSent) return exchange.abort();
    throw unreachable(thrown as Error);
  } finally {
    if (!exchange.upgrade) transport.destroy();
  }
}

const unreachable = ({ message }: Error): QuorateError =>
  new QuorateError('unavailable', `error trying to reach service: ${message}`);

/** A port that nobody listens on is no fault of the request. */
function explain(thrown: unknown): never {
  throw QuorateError.is(thrown, 'failed-precondition') ? unreachable(thrown) : thrown;
}

const searchOf = ({ request }: Exchange): string => {
  const at = request.url.indexOf('?');
  return at < 0 ? '' : request.url.slice(at);
};

function forwarded(exchange: Exchange): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { host: exchange.host };
  for (const [name, value] of Object.entries(exchange.request.headers)) {
    if (name.startsWith(':') || hopByHop.has(name) || isSecret(name)) continue;
    if (value !== undefined) headers[name] = value;
  }
  if (exchange.upgrade) {
    headers['connection'] = 'Upgrade';
    headers['upgrade'] = exchange.header('upgrade') ?? '';
  }
  return headers;
}

function send(exchange: Exchange, request: ClientRequest): void {
  if (exchange.upgrade) request.end();
  else exchange.request.pipe(request);
}

async function answer(exchange: Exchange, from: IncomingMessage, path: string): Promise<void> {
  const { response } = exchange;
  const base = exchange.pathname.slice(0, exchange.pathname.length - path.length);
  for (const [name, value] of Object.entries(from.headers)) {
    if (hopByHop.has(name) || value === undefined) continue;
    // A redirection within the server is one within the proxy.
    const moved = name === 'location' && typeof value === 'string' && /^\/(?!\/)/.test(value);
    response.setHeader(name, moved ? `${base}${value}` : value);
  }
  response.writeHead(from.statusCode ?? 502);
  for await (const chunk of from as AsyncIterable<Buffer>) {
    if (!response.write(chunk)) await room(exchange);
  }
  response.end();
}

const room = ({ response, signal }: Exchange): Promise<void> =>
  new Promise((resolve) => {
    response.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** From now on neither side speaks HTTP. */
function joinUpgrade(
  { upgrade }: Exchange,
  response: IncomingMessage,
  peer: Duplex,
  head: Buffer,
): void {
  if (!upgrade) {
    peer.destroy();
    return;
  }
  const { socket } = upgrade;
  const lines = response.rawHeaders.flatMap((name, i, all) =>
    i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [],
  );
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.write(head);
  if (upgrade.head.length > 0) peer.write(upgrade.head);
  socket.on('error', () => peer.destroy());
  peer.on('error', () => socket.destroy());
  socket.pipe(peer).pipe(socket);
}
