export interface BackoffLimits {
  /** The pause before the second restart (Kubernetes: 10 s); the first is immediate. */
  readonly initialMs: number;
  /** Kubernetes: 5 min. */
  readonly maxMs: number;
  /** A container that ran for this long starts anew (Kubernetes: 10 min). */
  readonly resetMs: number;
}

interface Entry {
  readonly delayMs: number;
  /** When that delay was last extended, milliseconds since the epoch. */
  readonly since: number;
}

/**
 * The pauses between restarts of one pod's containers, as kubelet makes them: the first restart
 * comes at once, every further one waits twice as long after the container's end as the last.
 */
export class RestartBackoff {
  readonly #limits: BackoffLimits;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** What is left of the pause after an end at `finishedAt`; 0: restart now. */
  remainingMs(container: string, finishedAt: number, now: number): number {
    const entry = this.#entries.get(container);
    if (!entry || this.#expired(entry, finishedAt)) return 0;
    return Math.max(0, finishedAt + entry.delayMs - now);
  }

  /** The length of the pause that `remainingMs` counts down. */
  delayMs(container: string): number {
    return this.#entries.get(container)?.delayMs ?? 0;
  }

  /** A restart happens now, after an end at `finishedAt`. */
  restarted(container: string, finishedAt: number, now: number): void {
    const entry = this.#entries.get(container);
    const { initialMs, maxMs } = this.#limits;
    const delayMs =
      !entry || this.#expired(entry, finishedAt) ? initialMs : Math.min(entry.delayMs * 2, maxMs);
    this.#entries.set(container, { delayMs, since: now });
  }

  #expired(entry: Entry, finishedAt: number): boolean {
    return finishedAt - entry.since > this.#limits.resetMs;
  }
}
