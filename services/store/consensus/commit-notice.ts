import type { Clock, Timer } from '#shared/clock';
import type { Raft } from '#shared/raft';

/** How much later than by a message of its own a follower may hear of a commit. */
const idleMs = 1;
/** While proposals wait here, whose entries may take it along. */
const busyMs = 10;

/** Followers hear of a commit with the next entries; where there are none, a little later. */
export class CommitNotice {
  readonly #raft: Raft;
  readonly #clock: Clock;
  readonly #announce: () => void;
  #timer: Timer | undefined;

  /** `announce`: sends what raft has to say now. */
  constructor(raft: Raft, clock: Clock, announce: () => void) {
    this.#raft = raft;
    this.#clock = clock;
    this.#announce = announce;
  }

  /** To be called whenever a commit may have come to be untold. */
  look(busy: boolean): void {
    if (this.#timer) return;
    const index = this.#raft.untoldCommit;
    if (index === 0) return;
    this.#timer = this.#clock.after(busy ? busyMs : idleMs, () => {
      this.#timer = undefined;
      this.#raft.announceCommit(index);
      this.#announce();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
