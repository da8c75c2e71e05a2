import type { Timer } from '#shared/clock';
import { noNode, type SoftState } from '#shared/raft';
import type { Settings } from '../options.ts';
import type { Serving } from './context.ts';

/** etcd cancels what requires a leader after three elections without one. */
const electionsWithoutLeader = 3;

type Timing = Pick<Settings, 'electionMs' | 'heartbeatMs'>;

/** What must end when this member has had no leader for a while. */
export class LeaderWatch {
  readonly #serving: Pick<Serving, 'node' | 'clock' | 'counters'>;
  readonly #timing: Timing;
  readonly #timer: Timer;
  readonly #bound = new Set<() => void>();
  #leaderlessSinceMs: number | undefined;
  #lookedMs: number;

  constructor(serving: Pick<Serving, 'node' | 'clock' | 'counters'>, timing: Timing) {
    const { clock } = serving;
    this.#serving = serving;
    this.#timing = timing;
    this.#leaderlessSinceMs = clock.monotonic();
    this.#lookedMs = clock.monotonic();
    this.#timer = clock.every(timing.electionMs / 2, () => this.#look());
  }

  stop(): void {
    this.#timer.cancel();
  }

  changed({ leader }: SoftState): void {
    this.#leaderlessSinceMs = leader === noNode ? this.#serving.clock.monotonic() : undefined;
  }

  /** What has begun goes on where a leader was lost a moment ago only, as in etcd. */
  #hadLeader(): boolean {
    if (this.#leaderlessSinceMs === undefined) return true;
    const leaderlessMs = this.#serving.clock.monotonic() - this.#leaderlessSinceMs;
    return leaderlessMs < electionsWithoutLeader * this.#timing.electionMs;
  }

  /** Calls `end` once, when this member has no leader any more; the result forgets that. */
  untilLost(end: () => void): () => void {
    this.#bound.add(end);
    return () => this.#bound.delete(end);
  }

  #look(): void {
    this.#noteLateness();
    if (this.#bound.size === 0 || this.#hadLeader()) return;
    const ends = [...this.#bound];
    this.#bound.clear();
    for (const end of ends) end();
  }

  /** A leader whose loop was held up sent its heartbeats late. */
  #noteLateness(): void {
    const { clock, node, counters } = this.#serving;
    const { electionMs, heartbeatMs } = this.#timing;
    const now = clock.monotonic();
    const lateMs = now - this.#lookedMs - electionMs / 2;
    this.#lookedMs = now;
    if (node.leads && lateMs > heartbeatMs) counters.lateHeartbeats++;
  }
}
