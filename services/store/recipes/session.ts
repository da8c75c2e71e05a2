import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Clock, Timer } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';

/** etcd's: what a lock or a campaign without a lease of its own is granted. */
const defaultTtlSeconds = 60;
const retryMs = 500;

export interface RecipeParts {
  readonly kv: KvClient;
  readonly clock: Clock;
}

/** Keeps a lease alive while its owner waits for something; afterwards that is the owner's again. */
export class Session {
  readonly lease: LeaseId;
  readonly #parts: RecipeParts;
  #timer: Timer | undefined;
  #ended = false;

  private constructor(parts: RecipeParts, lease: LeaseId) {
    this.#parts = parts;
    this.lease = lease;
  }

  /** `lease` 0n: one is granted. */
  static async open(parts: RecipeParts, lease: LeaseId): Promise<Session> {
    const { id } =
      lease === 0n ? await parts.kv.leaseGrant({ ttlSeconds: defaultTtlSeconds }) : { id: lease };
    const session = new Session(parts, id);
    void session.#renew();
    return session;
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  /** Thrice in a lease's time. One that is gone shows in what its owner does next. */
  async #renew(): Promise<void> {
    let nextMs = retryMs;
    try {
      const ttlSeconds = await this.#parts.kv.leaseKeepAlive(this.lease);
      if (ttlSeconds === 0) return;
      nextMs = Math.max(retryMs, (ttlSeconds * 1000) / 3);
    } catch (thrown) {
      // No leader just now.
      if (!(thrown instanceof QuorateError)) throw thrown;
    }
    if (!this.#ended) this.#timer = this.#parts.clock.after(nextMs, () => void this.#renew());
  }
}
