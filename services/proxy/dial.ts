import { connect, type Socket } from 'node:net';
import type { Clock } from '#shared/clock';
import type { Target } from './service-table.ts';

/** A connection to a pod, or undefined where it takes none; `signal` gives the attempt up. */
export function dial(
  target: Target,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  const [host = '', port = ''] = target.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    const done = (result: Socket | undefined): void => {
      timer.cancel();
      signal.removeEventListener('abort', failed);
      socket.removeListener('error', failed);
      if (!result) socket.on('error', () => undefined).destroy();
      resolve(result);
    };
    const failed = (): void => done(undefined);
    const timer = clock.after(timeoutMs, failed);
    signal.addEventListener('abort', failed, { once: true });
    socket.once('error', failed);
    socket.once('connect', () => done(socket));
  });
}
