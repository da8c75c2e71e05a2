import { must } from '#shared/base';
import type { KeyHistory } from './key-history.ts';
import type { KeyValue } from './types.ts';

/** What an entry costs besides its value: objects, array header, slot. An estimate. */
const overheadBytes = 256;

/**
 * Keeps the newest values of hot keys decoded, within a bound on bytes. The value hangs on the
 * key's history, so a hit costs no lookup. Eviction is CLOCK with second chance.
 */
export class ValueCache {
  readonly #limitBytes: number;
  #bytes = 0;
  readonly #entries: KeyHistory[] = [];
  /** Entries read since the hand last passed, by slot. */
  readonly #used: boolean[] = [];
  #hand = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(history: KeyHistory): KeyValue | undefined {
    const kv = history.cached;
    if (kv !== undefined) this.#used[history.cacheSlot] = true;
    return kv;
  }

  /** Takes the newest state of a key, in place of what it had. */
  set(history: KeyHistory, kv: KeyValue): void {
    if (history.cached === undefined) {
      history.cacheSlot = this.#entries.length;
      this.#entries.push(history);
      this.#used.push(false);
    } else {
      this.#bytes -= cost(history.cached);
      this.#used[history.cacheSlot] = true;
    }
    history.cached = kv;
    this.#bytes += cost(kv);
    while (this.#bytes > this.#limitBytes) this.#evict();
  }

  drop(history: KeyHistory): void {
    if (history.cached === undefined) return;
    this.#bytes -= cost(history.cached);
    history.cached = undefined;
    const last = must(this.#entries.pop(), 'the cache holds what it counts');
    const lastUsed = this.#used.pop() === true;
    if (last !== history) {
      this.#entries[history.cacheSlot] = last;
      this.#used[history.cacheSlot] = lastUsed;
      last.cacheSlot = history.cacheSlot;
    }
    history.cacheSlot = -1;
  }

  #evict(): void {
    for (;;) {
      if (this.#hand >= this.#entries.length) this.#hand = 0;
      if (this.#used[this.#hand] !== true) break;
      this.#used[this.#hand] = false;
      this.#hand++;
    }
    this.drop(must(this.#entries[this.#hand], 'a cache over its limit holds something'));
    this.#hand++;
  }
}

function cost(kv: KeyValue): number {
  return kv.value.length + overheadBytes;
}
