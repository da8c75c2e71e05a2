import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { QuorateError } from '#shared/base';
import { type Address, hostOf } from '../address.ts';
import { Handshakes } from '../tls/handshakes.ts';
import type { TlsIdentity } from '../tls/identity.ts';
import type { Rejections } from '../tls/rejections.ts';
import { encodeError } from '../wire/peer.ts';
import { frame } from './frames.ts';

/** How members make and take connections to each other. */
export interface PeerSecurity {
  /** Hands on connections that may be spoken on: with TLS, after the handshake. */
  createServer(accept: (socket: Socket) => void, secure: boolean): Server;
  /** Calls `ready` once the connection may be spoken on; what fails is told by the socket's events. */
  connect(target: Address, ready: () => void): Socket;
}

export const clearText: PeerSecurity = {
  createServer: (accept) => createServer({ noDelay: true }, accept),
  connect: (target, ready) => connect({ ...target, noDelay: true }, ready),
};

/**
 * TLS with those whose addresses say so. Whoever is connected to must have a certificate of the trusted
 * authority for the very name or address; whoever comes, one that may come from there (tls/admission.ts).
 */
export function overTls(identity: TlsIdentity | undefined, rejections: Rejections): PeerSecurity {
  return {
    createServer(accept, secure) {
      if (!secure || !identity) return clearText.createServer(accept, false);
      const handshakes = new Handshakes({ identity, protocols: [], accept, rejections, dismiss });
      const server = createServer({ noDelay: true }, (socket) => handshakes.take(socket));
      server.once('close', () => handshakes.close());
      return server;
    },
    connect(target, ready) {
      if (!target.secure) return clearText.connect(target, ready);
      const host = hostOf(target);
      const named = isIP(host) === 0 ? { servername: host } : {};
      const socket = connectTls({ ...identity?.client, ...named, ...target }, ready);
      socket.setNoDelay(true);
      return socket;
    },
  };
}

/** TLS has accepted its certificate: whoever looks for the reason in its own log finds it, beginning in Go's words. */
function dismiss(socket: TLSSocket, reason: string): void {
  const error = new QuorateError('forbidden', `remote error: tls: bad certificate: ${reason}`);
  socket.resume();
  socket.write(frame('refusal', encodeError(error)));
  socket.destroySoon();
}
