import type { RequestListener } from 'node:http';
import type { Clock } from '#shared/clock';
import type { Inject } from '#shared/rpc';
import type { Logger } from '#shared/runtime';
import { isSecure } from '../address.ts';
import type { TlsIdentity } from '../tls/identity.ts';
import { Rejections } from '../tls/rejections.ts';
import { Connections, connectionsMax, openFilesMax } from './connection-limit.ts';
import { ClientDoor } from './door.ts';

export interface PortsParts {
  readonly listenClientUrls: readonly string[];
  /** Where there are any, the client URLs are gRPC's alone. */
  readonly listenClientHttpUrls: readonly string[];
  readonly listenMetricsUrls: readonly string[];
  readonly grpc: Inject;
  readonly http: () => Promise<RequestListener>;
  readonly metrics: () => Promise<RequestListener>;
  /** For https:// URLs. */
  readonly tls: TlsIdentity | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Everything a member listens on, but for its peers. */
export class Ports {
  readonly #parts: PortsParts;
  readonly #client: ClientDoor;
  readonly #http: ClientDoor;
  readonly #metrics: ClientDoor;

  constructor(parts: PortsParts) {
    this.#parts = parts;
    const { grpc, http, metrics, listenClientHttpUrls, log, clock } = parts;
    const rejections = new Rejections(log, clock, 'client');
    const shared = listenClientHttpUrls.length === 0 ? { http } : {};
    const connections = new Connections(connectionsMax(openFilesMax()));
    this.#client = new ClientDoor({ grpc, ...shared, rejections, connections });
    this.#http = new ClientDoor({ http, rejections, connections });
    // Whoever watches over the member comes in all the same.
    this.#metrics = new ClientDoor({ http: metrics, rejections });
  }

  async open(): Promise<void> {
    const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls } = this.#parts;
    const open = async (door: ClientDoor, urls: readonly string[]): Promise<void> => {
      for (const url of urls) {
        await door.listen(url, isSecure(url) ? this.#parts.tls : undefined);
      }
    };
    await open(this.#client, listenClientUrls);
    await open(this.#http, listenClientHttpUrls);
    await open(this.#metrics, listenMetricsUrls);
  }

  /** Bytes that gRPC clients have sent and been sent. */
  get grpcBytes(): { read: number; written: number } {
    return this.#client.grpcBytes;
  }

  close(): void {
    for (const door of [this.#client, this.#http, this.#metrics]) door.close();
  }
}
