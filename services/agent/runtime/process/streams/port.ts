import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { messageOf, QuorateError } from '#shared/base';

/** A connection to a pod's port. Throws `unavailable` where nobody listens. */
export async function connectTo(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  try {
    await once(socket, 'connect');
  } catch (thrown) {
    const why = messageOf(thrown);
    throw new QuorateError('failed-precondition', `failed to connect to ${host}:${port}: ${why}`);
  }
  return socket;
}
