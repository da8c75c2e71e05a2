import { QuorateError } from '#shared/base';
import type { Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { storeErrors } from '../errors.ts';
import type { Alarm } from '../state/alarms.ts';
import { spaceCost } from '../state/space.ts';
import type { Operation } from '../wire/command.ts';
import type { Serving } from './context.ts';

export interface QuotaOptions {
  /** Of live data; Infinity: none. */
  readonly bytes: number;
  /** False: an alarm stays until somebody disarms it, as in etcd. */
  readonly autoDisarm: boolean;
  readonly log: Logger;
}

const lookEveryMs = 1000;
/** The alarm goes when this part of the quota is free, so that it does not flutter. */
const freeAgain = 0.1;

/**
 * Keeps the data below a quota. Who would exceed it is refused, and raises the NOSPACE alarm, under
 * which every member refuses whatever adds data, while reads, deletions and compaction go on. What
 * counts are live bytes: what compaction has dropped is free at once, without a defragmentation.
 */
export class Quota {
  readonly #serving: Serving;
  readonly #options: QuotaOptions;
  readonly #timer: Timer;
  #busy = false;

  constructor(serving: Serving, options: QuotaOptions) {
    this.#serving = serving;
    this.#options = options;
    this.#timer = serving.clock.every(lookEveryMs, () => void this.#look());
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Proposes it, unless there is no space for it. */
  propose(operation: Operation): Promise<unknown> {
    const cost = spaceCost(operation);
    if (cost > 0 && this.#liveBytes + cost > this.#options.bytes) return this.#refuse();
    return this.#serving.node.propose(operation);
  }

  get #liveBytes(): number {
    return this.#serving.node.backend.liveBytes;
  }

  get #own(): Alarm | undefined {
    const { state, shown } = this.#serving;
    return state.alarms.all.find(
      (raised) => raised.memberId === shown.memberId && raised.alarm === 'nospace',
    );
  }

  async #refuse(): Promise<never> {
    if (!this.#own) await this.#raise();
    throw storeErrors.noSpace();
  }

  async #raise(): Promise<void> {
    const { shown, node } = this.#serving;
    this.#options.log.warn(
      { liveBytes: this.#liveBytes, quotaBytes: this.#options.bytes },
      'the quota is exceeded: raising NOSPACE',
    );
    const alarm = { memberId: shown.memberId, alarm: 'nospace', automatic: true } as const;
    await node.propose({ type: 'alarm', raise: true, alarm });
  }

  /** Data also grows by what others propose, whose quota may be larger: whoever is over says so. */
  async #look(): Promise<void> {
    const own = this.#own;
    const { bytes, autoDisarm } = this.#options;
    const isOver = this.#liveBytes > bytes;
    const isBelow = this.#liveBytes <= bytes * (1 - freeAgain);
    const clears = own?.automatic && autoDisarm && isBelow;
    if (this.#busy || !(own ? clears : isOver)) return;
    this.#busy = true;
    try {
      await (own ? this.#clear(own) : this.#raise());
    } catch (thrown) {
      // Looked at again in a second.
      if (!(thrown instanceof QuorateError)) throw thrown;
    } finally {
      this.#busy = false;
    }
  }

  async #clear(own: Alarm): Promise<void> {
    await this.#serving.node.propose({ type: 'alarm', raise: false, alarm: own });
    this.#options.log.info(
      { liveBytes: this.#liveBytes },
      'there is space again: NOSPACE is cleared',
    );
  }
}
