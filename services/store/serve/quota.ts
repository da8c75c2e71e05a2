import { QuorateError } from '#shared/base';
import type { Timer } from '#shared/clock';
import type { HeapUse, Logger } from '#shared/runtime';
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
  /** Where every key's history is kept. Absent: it is large enough. */
  readonly heap?: (() => HeapUse) | undefined;
  readonly log: Logger;
}

const lookEveryMs = 1000;
/** The alarm goes when this part of the quota is free, so that it does not flutter. */
const freeAgain = 0.1;
/** Of the heap: so full that no more data is taken. What is above is needed to start again with as many keys. */
const heapFull = 0.85;

/**
 * Keeps the data below a quota. Who would exceed it is refused, and raises the NOSPACE alarm, under
 * which every member refuses whatever adds data, while reads, deletions and compaction go on. What
 * counts are live bytes: what compaction has dropped is free at once, without a defragmentation. A heap that is nearly
 * full is no space, either.
 */
export class Quota {
  readonly #serving: Serving;
  readonly #options: QuotaOptions;
  readonly #timer: Timer;
  #busy = false;
  #heapUsed = 0;
  #raising: Promise<unknown> | undefined;

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
    if (cost > 0 && this.#isOver(cost)) return this.#refuse();
    return this.#serving.node.propose(operation);
  }

  #isOver(cost: number): boolean {
    return this.#liveBytes + cost > this.#options.bytes || this.#heapUsed > heapFull;
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
    if (!this.#own) await this.#raiseOnce();
    throw storeErrors.noSpace();
  }

  /** However many are refused at once. */
  #raiseOnce(): Promise<unknown> {
    this.#raising ??= this.#raise().finally(() => (this.#raising = undefined));
    return this.#raising;
  }

  async #raise(): Promise<void> {
    const { shown, node } = this.#serving;
    const { log, bytes } = this.#options;
    if (this.#heapUsed > heapFull) {
      log.warn(
        { keys: this.#serving.state.mvcc.liveKeys },
        'the keys fill the heap: raising NOSPACE. Delete and compact, or start every member with a larger one: ' +
          'NODE_OPTIONS=--max-old-space-size=MEGABYTES',
      );
    } else {
      log.warn(
        { liveBytes: this.#liveBytes, quotaBytes: bytes },
        'the quota is exceeded: raising NOSPACE',
      );
    }
    const alarm = { memberId: shown.memberId, alarm: 'nospace', automatic: true } as const;
    await node.propose({ type: 'alarm', raise: true, alarm });
  }

  /** Data also grows by what others propose, whose quota may be larger: whoever is over says so. */
  async #look(): Promise<void> {
    const own = this.#own;
    const { bytes, autoDisarm, heap } = this.#options;
    const { used, limit } = heap?.() ?? { used: 0, limit: Infinity };
    this.#heapUsed = used / limit;
    const isOver = this.#isOver(0);
    const isBelow = this.#liveBytes <= bytes * (1 - freeAgain);
    const hasRoom = isBelow && this.#heapUsed <= heapFull - freeAgain;
    const clears = own?.automatic && autoDisarm && hasRoom;
    if (this.#busy || !(own ? clears : isOver)) return;
    this.#busy = true;
    try {
      await (own ? this.#clear(own) : this.#raiseOnce());
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
