import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { TlsIdentity } from './identity.ts';
import type { Rejections } from './rejections.ts';

export interface HandshakesParts {
  readonly identity: TlsIdentity;
  /** Offered to clients, the best first. */
  readonly protocols: readonly string[];
  /** A connection whose other side may come in. */
  readonly accept: (socket: TLSSocket) => void;
  readonly rejections: Rejections;
  /** Ends a connection that may not come in; absent: without a word. */
  readonly dismiss?: (socket: TLSSocket, reason: string) => void;
}

/** The type of a TLS record that a connection begins with; no text begins with it. */
export const handshakeRecord = 0x16;

/** Who says nothing for so long has nothing to say. */
const handshakeTimeoutMs = 10_000;
/** Whoever opens more without finishing them is no client. */
const handshakesMax = 1024;

/** Makes TLS connections of bare ones, and refuses those that may not come in. */
export class Handshakes {
  readonly #parts: HandshakesParts;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #handshaking = 0;
  #context: object;

  constructor(parts: HandshakesParts) {
    this.#parts = parts;
    const { identity, protocols } = parts;
    this.#context = identity.server;
    this.#server = createServer({
      ...identity.server,
      ALPNProtocols: [...protocols],
      requestCert: identity.requiresCertificate,
      rejectUnauthorized: true,
      handshakeTimeout: handshakeTimeoutMs,
    });
    this.#server.on('secureConnection', (socket) => {
      this.#handshaking--;
      void this.#admit(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#handshaking--;
      // OpenSSL's own line names files of its source before it comes to the point.
      this.#parts.rejections.tell(socket, (error as { reason?: string }).reason ?? error.message);
      socket.on('error', ignore);
      socket.destroy();
    });
  }

  take(socket: Socket): void {
    if (this.#handshaking >= handshakesMax) {
      socket.destroy();
      return;
    }
    this.#handshaking++;
    const context = this.#parts.identity.server;
    if (context !== this.#context) {
      this.#server.setSecureContext(context);
      this.#context = context;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#server.emit('connection', socket);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #admit(socket: TLSSocket): Promise<void> {
    socket.on('error', ignore);
    const refusal = await this.#parts.identity.refusal(socket).catch(String);
    socket.off('error', ignore);
    if (refusal !== undefined) this.#refuse(socket, refusal);
    else if (!socket.destroyed) this.#parts.accept(socket);
  }

  #refuse(socket: TLSSocket, reason: string): void {
    const { rejections, dismiss } = this.#parts;
    rejections.tell(socket, reason);
    socket.on('error', ignore);
    if (dismiss) dismiss(socket, reason);
    else socket.destroy();
  }
}

const ignore = (): void => undefined;
