import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';

/** Objects written within this time share a lease, as in Kubernetes, so that leases stay few. */
const shareMs = 120_000;

/** Store leases for objects that go by themselves after a while, such as Events after an hour. */
export class ExpiringLeases {
  readonly #kv: KvClient;
  readonly #clock: Clock;
  #current: { readonly id: Promise<LeaseId>; readonly until: number } | undefined;
  readonly #ttlSeconds: number;

  constructor(kv: KvClient, clock: Clock, ttlSeconds: number) {
    this.#kv = kv;
    this.#clock = clock;
    this.#ttlSeconds = ttlSeconds;
  }

  /** A lease with at least the whole time to live left. */
  lease(): Promise<LeaseId> {
    const now = this.#clock.monotonic();
    if (!this.#current || now >= this.#current.until) {
      const ttlSeconds = this.#ttlSeconds + shareMs / 1000;
      const id = this.#kv.leaseGrant({ ttlSeconds }).then((granted) => granted.id);
      const current = { id, until: now + shareMs };
      this.#current = current;
      id.catch(() => {
        if (this.#current === current) this.#current = undefined;
      });
    }
    return this.#current.id;
  }

  /** Runs a write that attaches to a lease; once more where somebody revoked the shared one. */
  async with<T>(write: (lease: LeaseId) => Promise<T>): Promise<T> {
    const lease = await this.lease();
    try {
      return await write(lease);
    } catch (thrown) {
      const gone =
        thrown instanceof QuorateError && thrown.message.includes('requested lease not found');
      if (!gone) throw thrown;
      this.#current = undefined;
      return write(await this.lease());
    }
  }
}
