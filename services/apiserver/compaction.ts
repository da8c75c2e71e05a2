import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';

/** Kubernetes' own key and interval: history is kept for five to ten minutes. */
const compactKey = 'compact_rev_key';
const intervalMs = 5 * 60_000;

/**
 * Compacts the store's history on a schedule, from one master at a time: the one that moves the
 * key's version on compacts up to the revision it saw an interval ago, the others take note.
 */
export class Compactor {
  readonly #kv: KvClient;
  readonly #log: Logger;
  readonly #timer: Timer;
  #version = 0;
  /** The store's revision at the last round; 0 before the first. */
  #revision = 0;

  constructor(kv: KvClient, clock: Clock, log: Logger) {
    this.#kv = kv;
    this.#log = log;
    this.#timer = clock.every(intervalMs, () => {
      this.round().catch((thrown: unknown) => {
        this.#log.warn({ error: QuorateError.from(thrown).message }, 'cannot compact the store');
      });
    });
  }

  stop(): void {
    this.#timer.cancel();
  }

  async round(): Promise<void> {
    const answer = await this.#kv.txn({
      compare: [{ key: compactKey, target: 'version', result: 'equal', revision: this.#version }],
      success: [
        { type: 'put', put: { key: compactKey, value: Buffer.from(String(this.#revision)) } },
      ],
      failure: [{ type: 'range', range: { key: compactKey } }],
    });
    const upTo = this.#revision;
    this.#revision = answer.header.revision;
    if (!answer.succeeded) {
      const [found] = answer.responses;
      this.#version = found?.type === 'range' ? (found.range.kvs[0]?.version ?? 0) : 0;
      return;
    }
    this.#version += 1;
    if (upTo === 0) return;
    await this.#kv.compact(upTo);
    this.#log.debug({ revision: upTo }, 'compacted the store');
  }
}
