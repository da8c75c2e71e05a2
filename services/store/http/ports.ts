import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { hostPort } from '../options.ts';
import { ClientDoor } from './door.ts';

export interface PortsParts {
  readonly listenClientUrls: readonly string[];
  /** Where there are any, the client URLs are gRPC's alone. */
  readonly listenClientHttpUrls: readonly string[];
  readonly listenMetricsUrls: readonly string[];
  readonly grpc: (connection: Duplex) => void;
  readonly http: () => Promise<RequestListener>;
  readonly metrics: () => Promise<RequestListener>;
}

/** Everything a member listens on, but for its peers. */
export class Ports {
  readonly #parts: PortsParts;
  readonly #client: ClientDoor;
  readonly #http: ClientDoor;
  readonly #metrics: ClientDoor;

  constructor(parts: PortsParts) {
    this.#parts = parts;
    const { grpc, http, metrics, listenClientHttpUrls } = parts;
    this.#client = new ClientDoor(listenClientHttpUrls.length > 0 ? { grpc } : { grpc, http });
    this.#http = new ClientDoor({ http });
    this.#metrics = new ClientDoor({ http: metrics });
  }

  async open(): Promise<void> {
    const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls } = this.#parts;
    for (const url of listenClientUrls) await this.#client.listen(hostPort(url));
    for (const url of listenClientHttpUrls) await this.#http.listen(hostPort(url));
    for (const url of listenMetricsUrls) await this.#metrics.listen(hostPort(url));
  }

  /** Bytes that gRPC clients have sent and been sent. */
  get grpcBytes(): { read: number; written: number } {
    return this.#client.grpcBytes;
  }

  close(): void {
    for (const door of [this.#client, this.#http, this.#metrics]) door.close();
  }
}
