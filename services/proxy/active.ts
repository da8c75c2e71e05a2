import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';

export interface ActiveOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** This proxy is the one that serves, from now until it is stopped. */
  readonly onActive: () => void;
}

const greeting = 'quorate proxy\n';
/** Where the address is held by something that is not one of us, or cannot be had at all. */
const foreignRetryMs = 1_000;
/** Neither free nor answering: a moment between two holders. */
const refusedRetryMs = 10;

/**
 * Workers that share a machine share its loopback addresses, and one address can be bound once: so
 * one proxy serves them all. It is the one that listens on the lock address; the operating system
 * sees to it that there is one at most, and frees the address when its process dies. Everyone else
 * holds a connection to it, which breaks in that same moment, and tries to be the next. No part of
 * the cluster is needed for this, and there is no time-out to wait for.
 */
export class ActiveLock {
  readonly #options: ActiveOptions;
  #server: Server | undefined;
  #standby: Socket | undefined;
  #retry: Timer | undefined;
  #stopped = false;
  readonly #watchers = new Set<Socket>();

  constructor(options: ActiveOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    const server = createServer((socket) => {
      this.#watchers.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#watchers.delete(socket));
      socket.write(greeting);
    });
    const { host, port, log, onActive } = this.#options;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') this.#stand();
      else this.#later(error.message);
    });
    server.listen({ host, port, exclusive: true }, () => {
      if (this.#stopped) {
        server.close();
        return;
      }
      this.#server = server;
      log.info({ address: `${host}:${port}` }, 'this proxy serves the services of this machine');
      onActive();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#standby?.destroy();
    this.#server?.close();
    for (const socket of this.#watchers) socket.destroy();
  }

  /** Stands by until the holder is gone. */
  #stand(): void {
    if (this.#stopped) return;
    const { host, port, log } = this.#options;
    const socket = connect({ host, port });
    this.#standby = socket;
    let refused = false;
    let greeted = false;
    socket.once('data', (data) => {
      greeted = data.toString() === greeting;
      if (greeted) log.info({}, 'another proxy of this machine serves; standing by');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      refused = error.code === 'ECONNREFUSED';
    });
    socket.once('close', () => {
      // Refused: the holder went before we came. Both are the chance to be the next.
      if (greeted) this.start();
      else if (refused) this.#retry = this.#options.clock.after(refusedRetryMs, () => this.start());
      else this.#later('it is held by something that is no proxy of ours');
    });
  }

  #later(error: string): void {
    if (this.#stopped) return;
    const { host, port, clock, log } = this.#options;
    log.warn({ address: `${host}:${port}`, error }, 'cannot have the lock address');
    this.#retry = clock.after(foreignRetryMs, () => this.start());
  }
}
