import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { QuorateError } from '#shared/base';
import { badRequest } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { Exchange, Upgrade } from '../exchange.ts';

/** Of one message, as of one on the way to the agent. */
const messageBytesMax = 1024 * 1024;

/** A client that vanished without a word is noticed although nothing is sent to it. */
const pingMs = 30_000;

/** What a request with `Upgrade:` asks for. */
export function askedUpgrade(exchange: Exchange): {
  readonly protocol: 'spdy' | 'websocket';
  readonly upgrade: Upgrade;
} {
  const { upgrade } = exchange;
  const asked = exchange.header('upgrade')?.toLowerCase();
  if (upgrade && asked === 'websocket') return { protocol: 'websocket', upgrade };
  if (upgrade && asked === 'spdy/3.1') return { protocol: 'spdy', upgrade };
  throw badRequest('Upgrade request required');
}

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: messageBytesMax,
  perMessageDeflate: false,
  clientTracking: false,
  // The protocol was chosen before: it is the only one left in the request.
  handleProtocols: ([protocol]) => protocol ?? false,
});

/** The first protocol of the client's that is `offered`; without any, `fallback`. Throws `bad-request`. */
export function chooseSubprotocol(
  exchange: Exchange,
  offered: readonly string[],
  fallback: string,
): string {
  const asked = listOf(exchange.header('sec-websocket-protocol'));
  if (asked.length === 0) return fallback;
  const chosen = asked.find((protocol) => offered.includes(protocol));
  if (chosen !== undefined) return chosen;
  throw badRequest(
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], server accepts [${offered.join(' ')}]`,
  );
}

/** Completes a WebSocket handshake with the protocol chosen. */
export function acceptWebSocket(
  { request }: Exchange,
  { socket, head }: Upgrade,
  protocol: string,
  clock: Clock,
): Promise<WebSocket> {
  const incoming = request as unknown as IncomingMessage;
  if (incoming.headers['sec-websocket-protocol'] !== undefined) {
    incoming.headers['sec-websocket-protocol'] = protocol;
  }
  return new Promise((resolve, reject) => {
    // A handshake that is refused has been answered by then.
    socket.once('close', () => reject(new QuorateError('canceled', 'the client left')));
    sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined);
      keepAlive(webSocket, clock);
      resolve(webSocket);
    });
  });
}

function keepAlive(webSocket: WebSocket, clock: Clock): void {
  let heard = true;
  webSocket.on('pong', () => {
    heard = true;
  });
  const timer = clock.every(pingMs, () => {
    if (!heard) webSocket.terminate();
    else if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
    heard = false;
  });
  webSocket.once('close', () => timer.cancel());
}

/** The same for SPDY, whose protocols are named in a header of Kubernetes' own. Throws `forbidden`. */
export function chooseStreamProtocol(exchange: Exchange, offered: readonly string[]): string {
  const asked = listOf(exchange.header('x-stream-protocol-version'));
  const chosen = asked.find((protocol) => offered.includes(protocol));
  if (chosen !== undefined) return chosen;
  throw new QuorateError(
    'forbidden',
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], server accepts [${offered.join(' ')}]`,
  );
}

export function acceptSpdy({ socket, head }: Upgrade, protocol: string): Duplex {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return socket;
}

const listOf = (header = ''): string[] =>
  header
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
