import { createServer, connect, type Server, type Socket } from 'node:net';
import { QuorateError, type Rng } from '#shared/base';
import { isCut } from './shaper.ts';
import type { FaultPlane } from './plane.ts';

export interface GateOptions {
  readonly plane: FaultPlane;
  /** What link faults call the other side: `clients`, `api`, a master's name. */
  readonly peer: string;
  /** Which way callers' bytes go, as seen from this process. */
  readonly callers: 'in' | 'out';
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string;
  /** `host:port` */
  readonly target: string;
}

/** A lost packet is sent again after about this long: Linux's first retransmission. */
const retransmitMs = 200;
const queuedBytesMax = 4 << 20;

/**
 * A port whose connections pass through the fault plane on their way to the real one. Bytes of a
 * connection are never lost, as TCP does not lose them: a cut holds them back until it is healed.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: GateOptions) {
    this.#options = options;
    this.#server = createServer(
      { noDelay: true, pauseOnConnect: true, allowHalfOpen: true },
      (caller) => this.#accept(caller),
    );
  }

  /** Resolves with the bound `host:port`. */
  start(): Promise<string> {
    const { host, port } = split(this.#options.listen);
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const text = `cannot listen on ${this.#options.listen}: ${error.message}`;
        reject(new QuorateError('unavailable', text, { cause: error }));
      });
      this.#server.listen(port, host, () => {
        const bound = this.#server.address();
        resolve(`${host}:${typeof bound === 'object' && bound ? bound.port : port}`);
      });
    });
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(caller: Socket): void {
    const { target, callers } = this.#options;
    const server = connect({ ...split(target), noDelay: true, allowHalfOpen: true });
    for (const socket of [caller, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    caller.on('close', () => server.destroy());
    server.on('close', () => caller.destroySoon());
    const back = callers === 'in' ? 'out' : 'in';
    this.#pipe(caller, server, callers);
    this.#pipe(server, caller, back);
    caller.resume();
  }

  #pipe(from: Socket, to: Socket, direction: 'in' | 'out'): void {
    let tail: Promise<void> = Promise.resolve();
    let queued = 0;
    let lastDueMs = 0;
    let freeAtMs = 0;
    const { plane, peer } = this.#options;
    const write = (chunk: Buffer): void => {
      if (to.destroyed || to.writableEnded || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    };
    const dueAt = (bytes: number): number => {
      const now = plane.clock.monotonic();
      let delay = 0;
      for (const fault of plane.links(peer, direction)) {
        const { drop, delayMs, jitterMs, bytesPerSecond } = fault.spec;
        fault.hits++;
        delay += delayMs + (jitterMs > 0 ? plane.rng.next() * jitterMs : 0);
        if (drop > 0 && drop < 1 && plane.rng.next() < drop) delay += retransmitMs;
        if (bytesPerSecond > 0) {
          freeAtMs = Math.max(freeAtMs, now) + (bytes / bytesPerSecond) * 1000;
          delay += freeAtMs - now;
        }
      }
      lastDueMs = Math.max(lastDueMs, now + delay);
      return lastDueMs;
    };
    from.on('data', (chunk: Buffer) => {
      if (queued === 0 && plane.links(peer, direction).length === 0) {
        write(chunk);
        return;
      }
      const due = dueAt(chunk.length);
      queued += chunk.length;
      if (queued > queuedBytesMax) from.pause();
      tail = tail.then(async () => {
        await this.#until(due, direction);
        queued -= chunk.length;
        write(chunk);
        if (from.isPaused() && queued < queuedBytesMax / 2 && !to.writableNeedDrain) from.resume();
      });
    });
    from.on('end', () => {
      tail = tail.then(async () => {
        await this.#until(0, direction);
        to.end();
      });
    });
  }

  /** Waits for the time, and for the end of a cut. */
  async #until(due: number, direction: 'in' | 'out'): Promise<void> {
    const { plane, peer } = this.#options;
    const now = plane.clock.monotonic();
    if (due > now) await plane.clock.sleep(due - now);
    while (isCut(plane.links(peer, direction))) await plane.changed();
  }
}

export function split(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(colon + 1)),
  };
}

/**
 * A loopback address that nobody listens at, for the real server behind a gate, which comes a while later.
 * Of hosts that nothing else uses: a free port of 127.0.0.1 may be somebody's connection by then.
 */
export function freeAddress(rng: Rng): Promise<string> {
  const host = `127.${rng.int(62) + 1}.${rng.int(256)}.${rng.int(254) + 1}`;
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound ? bound.port : 0;
      server.close(() => resolve(`${host}:${port}`));
    });
  });
}
