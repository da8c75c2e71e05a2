import type { Clock } from '#shared/clock';

/** What was not seen by then is not waited for any more: Kubernetes' ExpectationsTimeout. */
const timeoutMs = 300_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly since: number;
}

/**
 * The writes of a controller that its informer has not shown yet. While some are missing the cache
 * is known to be old, and acting on it would create or delete too much.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #byOwner = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Before the writes, so that an event which is faster than the answer is counted. */
  expect(owner: string, { creations = 0, deletions = [] as readonly string[] }): void {
    const since = this.#clock.monotonic();
    this.#byOwner.set(owner, { creations, deletions: new Set(deletions), since });
  }

  created(owner: string): void {
    const expected = this.#byOwner.get(owner);
    if (expected && expected.creations > 0) expected.creations--;
  }

  /** Seen deleted, or being deleted; `uid` is the object's. */
  deleted(owner: string, uid: string): void {
    this.#byOwner.get(owner)?.deletions.delete(uid);
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  satisfied(owner: string): boolean {
    const expected = this.#byOwner.get(owner);
    if (!expected) return true;
    if (this.#clock.monotonic() - expected.since > timeoutMs) return true;
    return expected.creations === 0 && expected.deletions.size === 0;
  }
}
