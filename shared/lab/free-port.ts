import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Between well-known ports and those of clusters and their node ports; the kernel takes none of them for an
 * outgoing connection, so that a member finds its port free when it starts again.
 */
const first = 10_000;
const end = 16_000;

let next = randomInt(first, end);

/** A port of 127.0.0.1 that nobody listens at now, another one each time. */
export async function freePort(): Promise<number> {
  for (let tries = first; tries < end; tries++) {
    const port = next++;
    if (next === end) next = first;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} to ${end - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
