import type { ClientDuplexStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';
import { fromServiceError } from '#shared/rpc';
import type { LeaseKeepAliveRequest } from '../../rpc/gen/etcdserverpb/LeaseKeepAliveRequest.ts';
import type { LeaseKeepAliveResponse__Output } from '../../rpc/gen/etcdserverpb/LeaseKeepAliveResponse.ts';
import type { Endpoint } from './endpoints.ts';

type Stream = ClientDuplexStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse__Output>;

interface Waiter {
  resolve(ttlSeconds: number): void;
  reject(error: QuorateError): void;
}

/** The renewals of all leases at one endpoint, over one stream that is opened when needed. */
export class KeepAliveStream {
  readonly endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #waiters = new Map<string, Waiter[]>();
  #stream: Stream | undefined;

  constructor(endpoint: Endpoint, clock: Clock) {
    this.endpoint = endpoint;
    this.#clock = clock;
  }

  /** One renewal: the TTL granted, or 0 where the lease is gone. */
  renew(id: LeaseId, timeoutMs: number): Promise<number> {
    const key = String(id);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () =>
        this.#fail(new QuorateError('unavailable', 'lease renewal was not answered')),
      );
      const waiter: Waiter = {
        resolve: (ttlSeconds) => {
          timer.cancel();
          resolve(ttlSeconds);
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), waiter]);
      this.#open().write({ ID: key });
    });
  }

  close(): void {
    this.#fail(new QuorateError('canceled', 'the client is closed'));
  }

  #open(): Stream {
    if (this.#stream) return this.#stream;
    const stream: Stream = this.endpoint.lease.LeaseKeepAlive();
    this.#stream = stream;
    stream.on('data', (response: LeaseKeepAliveResponse__Output) => {
      const waiting = this.#waiters.get(response.ID);
      waiting?.shift()?.resolve(Number(response.TTL));
      if (waiting?.length === 0) this.#waiters.delete(response.ID);
    });
    stream.on('error', (error) => {
      if (stream === this.#stream) this.#fail(fromServiceError(error));
    });
    stream.on('end', () => {
      if (stream === this.#stream) {
        this.#fail(new QuorateError('unavailable', 'the stream of renewals ended'));
      }
    });
    return stream;
  }

  /** Renewals are not told apart beyond their lease, so a broken stream fails all of them. */
  #fail(error: QuorateError): void {
    const waiting = [...this.#waiters.values()].flat();
    this.#waiters.clear();
    this.#stream?.cancel();
    this.#stream = undefined;
    for (const waiter of waiting) waiter.reject(error);
  }
}
