import { BrokenPromise } from '#shared/checks';
import type { Event } from '#shared/mvcc';
import type { Checker } from './checker.ts';

const prefix = '/registry/claims/';

/** What was unique to an object is free again once that has gone. */
export class Claims implements Checker {
  readonly name = 'claims';
  /** By what is claimed: the key of the object that holds it. */
  readonly #holders = new Map<string, string>();
  readonly #living = new Set<string>();

  /** Of the store. */
  events(events: readonly Event[]): void {
    for (const { type, kv } of events) {
      const claim = kv.key.startsWith(prefix) ? kv.key.slice(prefix.length) : undefined;
      if (type === 'put' && claim !== undefined)
        this.#holders.set(claim, Buffer.from(kv.value).toString('latin1'));
      else if (type === 'put') this.#living.add(kv.key);
      else if (claim !== undefined) this.#holders.delete(claim);
      else this.#living.delete(kv.key);
    }
  }

  judge(): void {
    for (const [claim, holder] of this.#holders) {
      if (!this.#living.has(holder)) throw new BrokenPromise(`${claim} is still ${holder}'s`);
    }
  }
}
