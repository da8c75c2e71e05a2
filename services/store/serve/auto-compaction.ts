import { QuorateError } from '#shared/base';
import type { Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { AutoCompactionSettings } from '../options.ts';
import { trusted } from '../auth/caller.ts';
import type { Serving } from './context.ts';

/** etcd's. */
const hourMs = 3_600_000;
const revisionEveryMs = 300_000;
const looksPerPeriod = 10;

type Parts = Pick<Serving, 'node' | 'state' | 'clock'>;

/** Compacts by itself, where this member leads; as etcd does, with the same times. */
export class AutoCompaction {
  readonly #serving: Parts;
  readonly #settings: AutoCompactionSettings;
  readonly #log: Logger;
  readonly #timer: Timer;
  /** What the revision was at the last looks, the oldest first. */
  readonly #revisions: number[] = [];
  #compacted = 0;
  #looksToWait = 0;

  constructor(serving: Parts, settings: AutoCompactionSettings, log: Logger) {
    this.#serving = serving;
    this.#settings = settings;
    this.#log = log;
    const everyMs = settings.mode === 'revision' ? revisionEveryMs : lookEveryMs(settings.periodMs);
    this.#timer = serving.clock.every(everyMs, () => {
      if (settings.mode === 'revision') void this.#keepRevisions(settings.revisions);
      else void this.#keepPeriod(settings.periodMs);
    });
  }

  stop(): void {
    this.#timer.cancel();
  }

  async #keepRevisions(count: number): Promise<void> {
    await this.#compact(this.#serving.state.mvcc.revision - count);
  }

  /** Looks ten times a period (of an hour at most), and compacts once in it. */
  async #keepPeriod(periodMs: number): Promise<void> {
    this.#revisions.push(this.#serving.state.mvcc.revision);
    const looks = Math.ceil(periodMs / lookEveryMs(periodMs));
    if (this.#revisions.length <= looks) return;
    this.#revisions.splice(0, this.#revisions.length - looks - 1);
    if (this.#looksToWait-- > 0) return;
    const [oldest = 0] = this.#revisions;
    if (await this.#compact(oldest)) this.#looksToWait = looksPerPeriod - 1;
    else this.#looksToWait = 0;
  }

  /** Whether there is nothing left to do for it. */
  async #compact(revision: number): Promise<boolean> {
    const { node, state } = this.#serving;
    if (!node.leads) return false;
    if (revision <= Math.max(this.#compacted, state.mvcc.compactRevision)) return true;
    try {
      await node.propose({ type: 'compact', revision, caller: trusted });
      node.wakeIdle();
    } catch (thrown) {
      // Somebody else was quicker, or there is no quorum: looked at again.
      if (!(thrown instanceof QuorateError)) throw thrown;
      this.#log.warn({ revision, error: thrown.message }, 'could not compact by itself');
      return false;
    }
    this.#compacted = revision;
    this.#log.info({ revision, ...this.#settings }, 'compacted by itself');
    return true;
  }
}

function lookEveryMs(periodMs: number): number {
  return Math.max(1, Math.min(periodMs, hourMs) / looksPerPeriod);
}
