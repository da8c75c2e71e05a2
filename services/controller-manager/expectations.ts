import type { KubeObject } from '#shared/api';
import type { Clock } from '#shared/clock';
import { versionOf } from './own-writes.ts';

/** What was not seen by then is not waited for any more: Kubernetes' ExpectationsTimeout. */
const timeoutMs = 300_000;

interface Expected {
  /** The version of the newest object created. */
  newest: number;
  readonly deletions: Set<string>;
  since: number;
}

/**
 * The writes of a controller that its informer has not shown yet. While some are missing the cache
 * is known to be old, and acting on it would create or delete too much. Kubernetes counts the
 * creations it sees, and waits in vain for one that came and went between two lists; here the
 * cache is new enough once it shows the version of the last one.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #byOwner = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  created(owner: string, object: KubeObject): void {
    const expected = this.#of(owner);
    expected.newest = Math.max(expected.newest, versionOf(object));
  }

  /** Before the writes: an event may be faster than the answer. */
  deleting(owner: string, uids: readonly string[]): void {
    const { deletions } = this.#of(owner);
    deletions.clear();
    for (const uid of uids) deletions.add(uid);
  }

  /** Seen deleted, or being deleted; `uid` is the object's. */
  deleted(owner: string, uid: string): void {
    this.#byOwner.get(owner)?.deletions.delete(uid);
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  owners(): Iterable<string> {
    return this.#byOwner.keys();
  }

  /** `shown`: everything up to this version is in the cache. */
  satisfied(owner: string, shown: number): boolean {
    const expected = this.#byOwner.get(owner);
    if (!expected) return true;
    if (this.#clock.monotonic() - expected.since > timeoutMs) return true;
    return expected.newest <= shown && expected.deletions.size === 0;
  }

  #of(owner: string): Expected {
    const since = this.#clock.monotonic();
    const expected = this.#byOwner.get(owner) ?? { newest: 0, deletions: new Set(), since };
    expected.since = since;
    this.#byOwner.set(owner, expected);
    return expected;
  }
}
