import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import { type ClientTls, connect, loadProto, wasNeverSent } from '#shared/rpc';
import type { KVClient } from '../../rpc/gen/etcdserverpb/KV.ts';
import type { LeaseClient } from '../../rpc/gen/etcdserverpb/Lease.ts';
import type { MaintenanceClient } from '../../rpc/gen/etcdserverpb/Maintenance.ts';
import type { WatchClient } from '../../rpc/gen/etcdserverpb/Watch.ts';
import type { ProtoGrpcType } from '../../rpc/gen/rpc.ts';

/** The services of one endpoint, over one connection. */
export interface Endpoint {
  readonly kv: KVClient;
  readonly watch: WatchClient;
  readonly lease: LeaseClient;
  readonly maintenance: MaintenanceClient;
}

/** Between two rounds over all endpoints, in milliseconds. */
const roundPauseMs = 50;

/**
 * The endpoints of one cluster, one of them in use. A call that finds it unavailable moves on to
 * the next at once, where that is safe, and everybody else moves along.
 */
export class Endpoints {
  readonly #list: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #current = 0;
  #closed = false;

  constructor(addresses: readonly string[], clock: Clock, timeoutMs: number, tls?: ClientTls) {
    if (addresses.length === 0) throw new QuorateError('bad-request', 'no store endpoint is given');
    const proto = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
    this.#list = addresses.map((address) => {
      const hostPort = address.replace(/^https?:\/\//, '');
      const kv = connect(proto.KV, hostPort, undefined, tls);
      const watch = connect(proto.Watch, hostPort, kv);
      const lease = connect(proto.Lease, hostPort, kv);
      const maintenance = connect(proto.Maintenance, hostPort, kv);
      return { kv, watch, lease, maintenance };
    });
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  current(): Endpoint {
    return this.#list[this.#current] as Endpoint;
  }

  /** `endpoint` failed: the next one is in use now, unless somebody has moved on already. */
  moveOn(endpoint: Endpoint): void {
    if (endpoint === this.current()) this.#current = (this.#current + 1) % this.#list.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Calls until it is answered. `repeatable`: the call may be sent twice; else it is tried again
   * only where it was never sent.
   */
  async call<T>(
    repeatable: boolean,
    fn: (endpoint: Endpoint, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    const deadline = this.#clock.monotonic() + this.#timeoutMs;
    for (let attempt = 1; ; attempt++) {
      const endpoint = this.current();
      const leftMs = deadline - this.#clock.monotonic();
      try {
        return await fn(endpoint, Math.max(1, leftMs));
      } catch (thrown) {
        const error = QuorateError.from(thrown);
        if (error.code !== 'unavailable' || this.#closed) throw error;
        this.moveOn(endpoint);
        if (!repeatable && !wasNeverSent(error)) throw error;
        if (deadline - this.#clock.monotonic() <= roundPauseMs) throw error;
        if (attempt % this.#list.length === 0) await this.#clock.sleep(roundPauseMs);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const endpoint of this.#list) {
      endpoint.watch.close();
      endpoint.lease.close();
      endpoint.maintenance.close();
      endpoint.kv.close();
    }
  }
}
