import type { Socket } from 'node:net';

/**
 * Joins two connections: each side's end is passed on and leaves the other direction open, each
 * side's failure ends both, and no side is read faster than the other takes it.
 */
export function splice(client: Socket, upstream: Socket): void {
  const cut = (from: Socket, to: Socket): void => {
    from.on('error', () => {
      // What the one side sees, an abort, the other shall see too.
      if (!to.destroyed) to.resetAndDestroy();
    });
    from.on('close', () => {
      if (!from.readableEnded && !to.destroyed) to.resetAndDestroy();
    });
  };
  cut(client, upstream);
  cut(upstream, client);
  client.pipe(upstream);
  upstream.pipe(client);
}
