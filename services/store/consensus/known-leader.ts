import { noNode, type SoftState } from '#shared/raft';
import { storeErrors } from '../errors.ts';
import type { NodeOptions } from './node-options.ts';

/** Whom this member takes for the leader, and since when. */
export class KnownLeader {
  readonly #options: NodeOptions;
  #softState: SoftState = { role: 'follower', leader: noNode };
  #sinceMs = 0;
  #changes = 0;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  get softState(): SoftState {
    return this.#softState;
  }

  /** Leaders this member has seen. */
  get changes(): number {
    return this.#changes;
  }

  /** True where the leader is another one than before, or none. */
  changed(softState: SoftState): boolean {
    const before = this.#softState;
    this.#softState = softState;
    if (before.leader === softState.leader) return false;
    this.#sinceMs = this.#options.clock.monotonic();
    if (softState.leader !== noNode) this.#changes++;
    return true;
  }

  /** The error etcd would give, by what happened while a request that began then has waited. */
  timeoutError(startedMs: number): Error {
    const { transport, timing, id } = this.#options;
    const { leader } = this.#softState;
    const lostMs = this.#sinceMs - 2 * timing.electionMs;
    if (startedMs > lostMs && startedMs < this.#sinceMs) return storeErrors.timedOutLeaderFailure();
    if (leader !== noNode && leader !== id) {
      const since = transport.connectedSince(leader);
      if (since === undefined || since > startedMs) return storeErrors.timedOutConnectionLost();
    }
    return storeErrors.timedOut();
  }
}
