import type { LeaseRecord } from '#shared/checks';
import type { LeaseId } from '#shared/mvcc';

type Open = { -readonly [K in keyof LeaseRecord]: LeaseRecord[K] } & {
  renewals: { fromMs: number; toMs: number; ttlSeconds: number }[];
  /** Its time may have been started anew until then; Infinity for each that has not been answered. */
  begunMs: number[];
};

/** A request that was sent twice may arrive after it was answered. */
const lateMs = 3000;

/** What somebody was told of a lease who asked for the rest of its time. */
export interface TimeLeft {
  readonly id: LeaseId;
  readonly fromMs: number;
  readonly toMs: number;
  /** -1: there is no such lease. */
  readonly ttlSeconds: number;
  readonly grantedSeconds: number;
  /** What its holder was granted. */
  readonly expectedSeconds: number;
  readonly keys: readonly string[];
  /** Since then its time has not been started anew; Infinity: it may have been. */
  readonly unrenewedSinceMs: number;
}

/** What clients were told about leases. */
export class LeaseBook {
  readonly #leases = new Map<LeaseId, Open>();
  readonly timesLeft: TimeLeft[] = [];

  granted(id: LeaseId, ttlSeconds: number, fromMs: number, toMs: number): void {
    this.#leases.set(id, {
      lease: String(id),
      ttlSeconds,
      grantedFromMs: fromMs,
      renewals: [],
      begunMs: [toMs + lateMs],
      revokedByClient: this.#leases.get(id)?.revokedByClient ?? false,
      endedMs: undefined,
    });
  }

  /** Somebody asks for it; the result is called when they are answered. */
  renewing(id: LeaseId): (atMs: number) => void {
    const { begunMs = [] } = this.#leases.get(id) ?? {};
    const at = begunMs.push(Infinity) - 1;
    return (atMs) => {
      begunMs[at] = atMs + lateMs;
    };
  }

  renewed(id: LeaseId, fromMs: number, toMs: number, ttlSeconds: number): void {
    this.#leases.get(id)?.renewals.push({ fromMs, toMs, ttlSeconds });
  }

  /** Anybody's; one of the last that were granted, whether or not they live. */
  any(pick: number): LeaseId | undefined {
    const ids = [...this.#leases.keys()].slice(-6);
    return ids[pick % Math.max(1, ids.length)];
  }

  /** As it was granted. */
  secondsOf(id: LeaseId | undefined): number | undefined {
    return id === undefined ? undefined : this.#leases.get(id)?.ttlSeconds;
  }

  told(left: Omit<TimeLeft, 'expectedSeconds' | 'unrenewedSinceMs'>): void {
    const { ttlSeconds = 0, begunMs = [Infinity] } = this.#leases.get(left.id) ?? {};
    const unrenewedSinceMs = Math.max(...begunMs);
    this.timesLeft.push({ ...left, expectedSeconds: ttlSeconds, unrenewedSinceMs });
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
