import type { LeaseRecord } from '#shared/checks';
import type { LeaseId } from '#shared/mvcc';

type Open = { -readonly [K in keyof LeaseRecord]: LeaseRecord[K] } & {
  renewals: { fromMs: number; toMs: number; ttlSeconds: number }[];
};

/** What clients were told about leases. */
export class LeaseBook {
  readonly #leases = new Map<LeaseId, Open>();

  granted(id: LeaseId, ttlSeconds: number, fromMs: number): void {
    this.#leases.set(id, {
      lease: String(id),
      ttlSeconds,
      grantedFromMs: fromMs,
      renewals: [],
      revokedByClient: this.#leases.get(id)?.revokedByClient ?? false,
      endedMs: undefined,
    });
  }

  renewed(id: LeaseId, fromMs: number, toMs: number, ttlSeconds: number): void {
    this.#leases.get(id)?.renewals.push({ fromMs, toMs, ttlSeconds });
  }

  /** When it ends, as far as its holder knows. */
  dueMs(id: LeaseId): number {
    const lease = this.#leases.get(id);
    const last = lease?.renewals.at(-1)?.toMs ?? lease?.grantedFromMs ?? 0;
    return last + (lease?.ttlSeconds ?? 0) * 1000;
  }

  /** From now on the lease may end at any time. */
  revoking(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (lease) lease.revokedByClient = true;
  }

  /** With the moments when the state machine ended them. */
  records(ended: ReadonlyMap<LeaseId, number>): LeaseRecord[] {
    return [...this.#leases].map(([id, lease]) => ({ ...lease, endedMs: ended.get(id) }));
  }
}
