import type { KvClient } from '#shared/client';
import { systemClock } from '#shared/clock';

export interface WriteRecord {
  /** Keys whose put was acknowledged, with the value put. */
  readonly acknowledged: Map<string, string>;
  /** Milliseconds between consecutive acknowledgements, the longest last. */
  longestGapMs: number;
}

/**
 * A client that puts one new key after the other until it is stopped, and remembers which of them
 * the store acknowledged. A failed put has an unknown outcome and is never repeated under its key.
 */
export class Writer {
  readonly record: WriteRecord = { acknowledged: new Map(), longestGapMs: 0 };
  readonly #kv: KvClient;
  readonly #prefix: string;
  readonly #stopping = new AbortController();
  #lastAckAt = systemClock.monotonic();
  readonly #done: Promise<void>;

  constructor(kv: KvClient, prefix: string) {
    this.#kv = kv;
    this.#prefix = prefix;
    this.#done = this.#run();
  }

  /** Forgets the gaps so far: what follows is measured alone. */
  resetGap(): void {
    this.record.longestGapMs = 0;
    this.#lastAckAt = systemClock.monotonic();
  }

  async stop(): Promise<WriteRecord> {
    this.#stopping.abort();
    await this.#done;
    await this.#kv.close();
    return this.record;
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#stopping.signal.aborted; i++) {
      const key = `${this.#prefix}${String(i).padStart(8, '0')}`;
      const value = `value of ${key}`;
      try {
        await this.#kv.put({ key, value: Buffer.from(value) });
      } catch {
        // Unknown outcome: the checker accepts both, so this key says nothing.
        await systemClock.sleep(1);
        continue;
      }
      const now = systemClock.monotonic();
      this.record.longestGapMs = Math.max(this.record.longestGapMs, now - this.#lastAckAt);
      this.#lastAckAt = now;
      this.record.acknowledged.set(key, value);
    }
  }
}

/** The acknowledged keys under `prefix` that a linearizable read does not find with their value. */
export async function lostWrites(
  kv: KvClient,
  prefix: string,
  record: WriteRecord,
): Promise<string[]> {
  const afterLast = String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const rangeEnd = prefix.slice(0, -1) + afterLast;
  const found = new Map<string, string>();
  for (let from = prefix, more = true; more; ) {
    const page = await kv.range({ key: from, rangeEnd, limit: 5_000 });
    for (const { key, value } of page.kvs) found.set(key, Buffer.from(value).toString());
    from = `${page.kvs.at(-1)?.key ?? from}\0`;
    more = page.more;
  }
  return [...record.acknowledged]
    .filter(([key, value]) => found.get(key) !== value)
    .map(([key]) => key);
}
