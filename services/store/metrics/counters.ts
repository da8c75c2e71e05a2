import type { Clock } from '#shared/clock';
import { DurationHistogram, exponentialMs } from '#shared/runtime';

/** What is counted as it happens; everything else a scrape reads from the state there is. Buckets are etcd's. */
export class Counters {
  readonly walFsync = new DurationHistogram();
  readonly backendCommit = new DurationHistogram();
  readonly defragmentation = new DurationHistogram(exponentialMs(100, 13));
  defragmentations = 0;
  /** Backups that were sent. */
  readonly backup = new DurationHistogram(exponentialMs(10, 17));
  /** Digests of everything, and up to a revision. */
  readonly hash = new DurationHistogram(exponentialMs(10, 15));
  readonly hashOfRevision = new DurationHistogram(exponentialMs(10, 15));
  /** Of compactions: each step, and all of them. */
  readonly compactionStep = new DurationHistogram(exponentialMs(1, 13));
  readonly compaction = new DurationHistogram(exponentialMs(100, 14));
  /** When the last one was done, by the wall clock; 0: none since the start. */
  compactedAtMs = 0;
  readonly snapshots = new SnapshotCounts();
  readonly leaseTtl = new DurationHistogram(exponentialMs(1000, 24));
  leasesRenewed = 0;
  leasesExpired = 0;
  /** Operations applied, by type. */
  readonly applied = new Map<string, number>();
  readonly applying = new ApplyTimes();
  /** Of learners, that were asked of this member as the leader; failures by their error. */
  promotions = 0;
  readonly failedPromotions = new Map<string, number>();
  /** To watchers. */
  eventsSent = 0;
  /** Operations whose applying took longer than is usual. */
  slowApplies = 0;
  /** Times that a leader was so late that its heartbeats were, too. */
  lateHeartbeats = 0;
}

/** Snapshots that members send each other, a member each. */
export class SnapshotCounts {
  readonly sent = new Map<number, SnapshotsWith>();
  readonly received = new Map<number, SnapshotsWith>();
  /** From its first byte until it is on disk. */
  readonly saved = new DurationHistogram(exponentialMs(100, 10));

  /** Counts one, whatever comes of it. */
  async count<T>(
    which: 'sent' | 'received',
    peer: number,
    clock: Clock,
    work: () => Promise<T>,
  ): Promise<T> {
    const startedMs = clock.monotonic();
    const counts = this[which].get(peer) ?? new SnapshotsWith();
    this[which].set(peer, counts);
    counts.inFlight++;
    try {
      const done = await work();
      counts.successes++;
      const ms = clock.monotonic() - startedMs;
      counts.took.observe(ms);
      if (which === 'received') this.saved.observe(ms);
      return done;
    } catch (thrown) {
      counts.failures++;
      throw thrown;
    } finally {
      counts.inFlight--;
    }
  }
}

export class SnapshotsWith {
  inFlight = 0;
  successes = 0;
  failures = 0;
  readonly took = new DurationHistogram(exponentialMs(100, 10));
}

/** How long operations took to apply: those of each type that were done, and those that were refused. */
export class ApplyTimes {
  readonly done = new Map<string, DurationHistogram>();
  readonly refused = new Map<string, DurationHistogram>();

  observe(type: string, done: boolean, ms: number): void {
    const times = done ? this.done : this.refused;
    let took = times.get(type);
    if (!took) times.set(type, (took = new DurationHistogram(applyBoundsMs)));
    took.observe(ms);
  }
}

const applyBoundsMs = exponentialMs(0.1, 20);
