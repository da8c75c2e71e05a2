import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * How members make and take connections to each other. TLS is another one of these: `tls.connect` and
 * `tls.createServer` with their options fit as they are (a `TLSSocket` is a `Socket`), and whatever
 * is to be asked of a certificate is asked before a connection is handed on.
 */
export interface PeerSecurity {
  /** Hands on connections that may be spoken on: with TLS, after the handshake. */
  createServer(accept: (socket: Socket) => void): Server;
  /** Calls `ready` once the connection may be spoken on; what fails is told by the socket's events. */
  connect(target: { readonly host: string; readonly port: number }, ready: () => void): Socket;
}

export const clearText: PeerSecurity = {
  createServer: (accept) => createServer({ noDelay: true }, accept),
  connect: (target, ready) => connect({ ...target, noDelay: true }, ready),
};

/** Of `host:port`, where the host may be an IPv6 address in brackets. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`http://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}
