import { assert } from '#shared/base';
import type { NodeId } from './types.ts';

/** Who asked, and the number it wants back. */
export interface ReadRequest {
  readonly from: NodeId;
  readonly context: number;
}

interface Round {
  readonly round: number;
  /** The commit index when the round began: no older than at any of its requests. */
  readonly index: number;
  readonly requests: readonly ReadRequest[];
}

/**
 * The leader's linearizable reads (thesis, section 6.4). Requests gather until the next turn, then
 * share one round of heartbeats; a member that confirms a round confirms every earlier one.
 */
export class ReadIndexRounds {
  #gathering: ReadRequest[] = [];
  #rounds: Round[] = [];
  #lastRound = 0;

  get gathering(): boolean {
    return this.#gathering.length > 0;
  }

  /** Number for the heartbeats: the newest round that still waits, or 0. */
  get waitingRound(): number {
    return this.#rounds.length > 0 ? this.#lastRound : 0;
  }

  add(request: ReadRequest): void {
    this.#gathering.push(request);
  }

  begin(commit: number): void {
    assert(this.gathering, 'a round without a request confirms nothing');
    assert(commit >= (this.#rounds.at(-1)?.index ?? 0), 'the commit index never falls');
    this.#lastRound += 1;
    this.#rounds.push({ round: this.#lastRound, index: commit, requests: this.#gathering });
    this.#gathering = [];
  }

  /** Takes out every round up to the one that a quorum has confirmed. */
  confirm(round: number): readonly Round[] {
    const waiting = this.#rounds.findIndex((each) => each.round > round);
    return this.#rounds.splice(0, waiting < 0 ? this.#rounds.length : waiting);
  }

  reset(): void {
    this.#gathering = [];
    this.#rounds = [];
    this.#lastRound = 0;
  }

  describe(): string {
    return `reads gathering=${this.#gathering.length} rounds=${this.#rounds.length}`;
  }
}
