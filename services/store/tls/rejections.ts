import type { Socket } from 'node:net';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';

const quietMs = 60_000;
const rememberedMax = 1000;

/** Says in the log, in etcd's words, who was turned away, and why: each reason once a minute for each address. */
export class Rejections {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #side: 'client' | 'peer';
  readonly #toldMs = new Map<string, number>();

  constructor(log: Logger, clock: Clock, side: 'client' | 'peer') {
    this.#log = log;
    this.#clock = clock;
    this.#side = side;
  }

  tell({ remoteAddress, remotePort, destroyed }: Socket, reason: string): void {
    // Whoever has gone in the middle of a handshake has turned itself away.
    if (remoteAddress === undefined && destroyed) return;
    const key = `${remoteAddress} ${reason}`;
    const now = this.#clock.monotonic();
    if (now - (this.#toldMs.get(key) ?? -Infinity) < quietMs) return;
    if (this.#toldMs.size >= rememberedMax) this.#toldMs.clear();
    this.#toldMs.set(key, now);
    this.#log.warn(
      { remote: remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`, reason },
      `rejected connection on ${this.#side} endpoint`,
    );
  }
}
