import type { KvClient } from '#shared/client';

/** Answered without a look at any object: only the header matters. */
const nothing = { key: '/registry/', countOnly: true };

/**
 * The store's newest revision. One read serves all who ask before it begins; whoever asks while it
 * is under way shares the next one, since this one may show the store as it was before their call.
 */
export class StoreRevision {
  readonly #kv: KvClient;
  #running: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(kv: KvClient) {
    this.#kv = kv;
  }

  /** At least as new as this call; throws `unavailable` where the store has no quorum. */
  read(): Promise<number> {
    if (!this.#running) return this.#begin();
    const running = this.#running;
    this.#next ??= running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<number> {
    this.#next = undefined;
    const running = this.#kv.range(nothing).then(({ header }) => header.revision);
    this.#running = running;
    const done = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(done, done);
    return running;
  }
}
