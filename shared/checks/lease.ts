import { BrokenPromise } from './raft/broken-promise.ts';

/** What one lease's holders were told, and when the store ended it. Times in ms on one clock. */
export interface LeaseRecord {
  readonly lease: string;
  /** As granted. */
  readonly ttlSeconds: number;
  /** When it was asked for. */
  readonly grantedFromMs: number;
  /** Renewals that were granted: asked for, and answered. */
  readonly renewals: readonly {
    readonly fromMs: number;
    readonly toMs: number;
    readonly ttlSeconds: number;
  }[];
  /** Somebody asked for its end, so that it may come at any time. */
  readonly revokedByClient: boolean;
  /** Absent: it lives. */
  readonly endedMs: number | undefined;
}

export interface LeaseTolerance {
  /** How much faster than the history's any clock of the store may run: 1.1 is a tenth. */
  readonly clockRate: number;
}

/**
 * A lease lives at least its time to live from the moment at which it was asked for or renewed, and
 * once it has ended it is never renewed again.
 */
export function checkLease(record: LeaseRecord, { clockRate }: LeaseTolerance): void {
  const { lease, ttlSeconds, grantedFromMs, renewals, revokedByClient, endedMs } = record;
  if (endedMs === undefined) return;
  const revived = renewals.find(({ fromMs }) => fromMs > endedMs);
  if (revived) {
    throw new BrokenPromise(
      `lease ${lease} ended at ${ms(endedMs)} and was renewed at ${ms(revived.fromMs)}`,
    );
  }
  if (revokedByClient) return;
  const times = [{ fromMs: grantedFromMs, ttlSeconds }, ...renewals];
  const least = Math.max(...times.map((t) => t.fromMs + (t.ttlSeconds * 1000) / clockRate));
  if (endedMs < least) {
    throw new BrokenPromise(
      `lease ${lease} ended at ${ms(endedMs)}, but its holder was promised it until ${ms(least)}`,
    );
  }
}

/** A lease that nobody renews ends, `slackMs` after its time at the latest. */
export function checkLeaseEnds(record: LeaseRecord, nowMs: number, slackMs: number): void {
  const { lease, ttlSeconds, grantedFromMs, renewals, endedMs } = record;
  if (endedMs !== undefined) return;
  const times = [{ toMs: grantedFromMs, ttlSeconds }, ...renewals];
  const until = Math.max(...times.map((t) => t.toMs + t.ttlSeconds * 1000));
  if (nowMs > until + slackMs) {
    throw new BrokenPromise(
      `lease ${lease} was to end at ${ms(until)} and is there at ${ms(nowMs)}`,
    );
  }
}

const ms = (at: number): string => `${Math.round(at)} ms`;
