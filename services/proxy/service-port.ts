import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { Balancer } from './balancer.ts';
import type { ProxyConfig } from './config.ts';
import { dial } from './dial.ts';
import type { ServicePortEntry, Target } from './service-table.ts';
import { splice } from './splice.ts';

export interface ServicePortOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: Pick<ProxyConfig, 'drainMs' | 'connectTimeoutMs' | 'bindRetryMs'>;
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly target: Target;
  drain: Timer | undefined;
}

/** One listening address of one Service, and the connections through it. */
export class ServicePort {
  readonly #options: ServicePortOptions;
  readonly #balancer: Balancer;
  readonly #connections = new Set<Connection>();
  /** Clients that no endpoint has taken yet. */
  readonly #waiting = new Map<Socket, AbortController>();
  #entry: ServicePortEntry;
  #server: Server | undefined;
  #retry: Timer | undefined;
  #closed = false;
  #refusing = false;

  constructor(entry: ServicePortEntry, options: ServicePortOptions) {
    this.#options = options;
    this.#entry = entry;
    this.#balancer = new Balancer(options.clock);
    this.#balancer.update(entry.targets, entry.affinityMs);
  }

  /** Listens, or tries again later: the address may be somebody else's for now. */
  open(): void {
    const { clock, config, log } = this.#options;
    const { host, port, title } = this.#entry;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    this.#server = server;
    server.on('connection', (client) => void this.#serve(client));
    server.on('error', (error) => {
      if (this.#closed) return;
      log.warn(
        { service: title, address: `${host}:${port}`, error: error.message },
        'cannot listen',
      );
      this.#retry = clock.after(config.bindRetryMs, () => this.open());
    });
    server.listen({ host, port, exclusive: true }, () => {
      log.debug({ service: title, address: `${host}:${port}` }, 'listening');
    });
  }

  update(entry: ServicePortEntry): void {
    this.#entry = entry;
    this.#balancer.update(entry.targets, entry.affinityMs);
    if (entry.targets.length > 0) this.#refusing = false;
    const current = new Set(entry.targets);
    for (const connection of this.#connections) {
      if (!current.has(connection.target)) this.#drain(connection);
      else {
        connection.drain?.cancel();
        connection.drain = undefined;
      }
    }
  }

  /** Takes no more connections; those there are may go on for the drain time, or end now. */
  close(mode: 'drain' | 'cut'): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#server?.close();
    for (const [client, attempt] of this.#waiting) {
      attempt.abort();
      client.resetAndDestroy();
    }
    for (const connection of this.#connections) {
      if (mode === 'drain') this.#drain(connection);
      else cut(connection);
    }
  }

  #drain(connection: Connection): void {
    const { clock, config } = this.#options;
    connection.drain ??= clock.after(config.drainMs, () => cut(connection));
  }

  async #serve(client: Socket): Promise<void> {
    const attempt = new AbortController();
    const giveUp = (): void => attempt.abort();
    this.#waiting.set(client, attempt);
    client.on('error', giveUp);
    client.once('close', giveUp);
    const found = await this.#connect(client.remoteAddress ?? '', attempt.signal);
    client.removeListener('error', giveUp);
    client.removeListener('close', giveUp);
    this.#waiting.delete(client);
    if (!found || client.destroyed) {
      found?.upstream.destroy();
      client.on('error', () => undefined);
      // To the client it is as if nobody listened.
      client.resetAndDestroy();
      return;
    }
    const connection: Connection = { client, ...found, drain: undefined };
    this.#connections.add(connection);
    const ended = (): void => {
      if (!client.destroyed || !found.upstream.destroyed) return;
      connection.drain?.cancel();
      this.#connections.delete(connection);
    };
    client.once('close', ended);
    found.upstream.once('close', ended);
    splice(client, found.upstream);
    // The endpoint may have left while the connection was being made.
    if (!this.#balancer.targets.includes(found.target)) this.#drain(connection);
  }

  /** An endpoint that does not take the connection costs nothing but its turn. */
  async #connect(
    client: string,
    signal: AbortSignal,
  ): Promise<{ upstream: Socket; target: Target } | undefined> {
    const { clock, config, log } = this.#options;
    const { title } = this.#entry;
    const tried = new Set<Target>();
    while (!signal.aborted) {
      const target = this.#balancer.pick(client, tried);
      if (target === undefined) {
        if (!this.#refusing) log.warn({ service: title, tried: [...tried] }, 'no endpoint');
        this.#refusing = true;
        return undefined;
      }
      const upstream = await dial(target, config.connectTimeoutMs, clock, signal);
      if (upstream) {
        this.#refusing = false;
        return { upstream, target };
      }
      log.debug({ service: title, target }, 'endpoint takes no connection: the next one');
      tried.add(target);
    }
    return undefined;
  }
}

function cut({ client, upstream }: Connection): void {
  if (!client.destroyed) client.resetAndDestroy();
  if (!upstream.destroyed) upstream.resetAndDestroy();
}
