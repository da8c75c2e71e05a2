import type { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '#shared/clock';
import { Exchange } from '../exchange.ts';

/**
 * Hands requests with an `Upgrade:` header to `take`, as exchanges like any other: they are answered in
 * HTTP unless whoever serves them takes the connection over.
 */
export function takeUpgrades(
  server: Http2SecureServer,
  clock: Clock,
  take: (exchange: Exchange) => void,
): void {
  // Its HTTP/1.1 part has this event, which the types leave out.
  const http: EventEmitter = server;
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    try {
      response.assignSocket(socket);
    } catch {
      // Sent before the request before it was answered: that answer has the connection still.
      socket.destroy();
      return;
    }
    response.once('finish', () => socket.end());
    take(
      new Exchange(
        request as unknown as Http2ServerRequest,
        response as unknown as Http2ServerResponse,
        clock,
        { socket, head },
      ),
    );
  });
}
