import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { toStatus } from './errors.ts';
import { installDirect } from './serve-directly.ts';

const serverOptions: ServerOptions = {
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_concurrent_streams': 0xffff_ffff,
  // Not without channelz, cheap as that would be: grpc-js 1.14 then forgets its sessions, and a forced
  // shutdown leaves them alive.
};

export function createServer(options: ServerOptions = {}): Server {
  return new Server({ ...serverOptions, ...options });
}

/** Binds `host:port` in clear text (loopback only) and resolves with the port bound. */
export function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (!error) {
        installDirect(server);
        resolve(port);
        return;
      }
      reject(
        new QuorateError('unavailable', `cannot listen on ${address}: ${error.message}`, {
          cause: error,
        }),
      );
    });
  });
}

/** `origin`: the socket, where the connection is something else around it; calls are known by it. */
export type Inject = (connection: Duplex, origin?: Socket) => void;

/** A way in for connections that something else has accepted, in clear text. */
export function injector(server: Server): Inject {
  const way = server.createConnectionInjector(ServerCredentials.createInsecure());
  const [http2Server] = installDirect(server);
  return (connection, origin) => {
    if (origin) http2Server?.once('session', (session) => knownBy(session, origin));
    way.injectConnection(connection);
  };
}

/** grpc-js looks for the client's certificate at its session's socket. */
function knownBy(session: Http2Session, origin: Socket): void {
  Object.defineProperty(session, 'socket', { value: origin });
}

/** Lets calls in flight finish for `graceMs`, then ends them. */
export function shutdown(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A unary handler from an async function: what it throws becomes the call's status. */
export function handleUnary<Req, Res>(
  fn: (request: Req, call: ServerUnaryCall<Req, Res>) => Promise<Res>,
): (call: ServerUnaryCall<Req, Res>, callback: sendUnaryData<Res>) => void {
  return (call, callback) => {
    fn(call.request, call).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(toStatus(thrown)),
    );
  };
}
