import type { Clock, Timer } from '#shared/clock';
import type { ConfState, NodeId } from '#shared/raft';

/** A leader that lives is heard of within this: its own connection comes up at the same time. */
const graceMs = 20;
/** Between the members' turns, so that votes do not split. */
const rankMs = 100;

/**
 * A cluster that was started as a whole need not wait out an election timeout: as soon as a member
 * is connected to a quorum and knows no leader it asks for pre-votes, in ranked order. Pre-votes
 * disturb nobody, so being wrong about the leader costs nothing.
 */
export class FirstElection {
  readonly #id: NodeId;
  readonly #voters: readonly NodeId[];
  readonly #clock: Clock;
  readonly #campaign: () => void;
  readonly #connected = new Set<NodeId>();
  #timer: Timer | undefined;
  #over = false;

  constructor(id: NodeId, confState: ConfState, clock: Clock, campaign: () => void) {
    this.#id = id;
    this.#voters = [...confState.voters].sort((a, b) => a - b);
    this.#clock = clock;
    this.#campaign = campaign;
    this.#over = !this.#voters.includes(id);
    this.#check();
  }

  connected(id: NodeId): void {
    if (this.#voters.includes(id)) this.#connected.add(id);
    this.#check();
  }

  /** There is a leader, or this member stops. */
  cancel(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #check(): void {
    if (this.#over || this.#timer) return;
    if (this.#connected.size + 1 <= this.#voters.length / 2) return;
    const rank = this.#voters.indexOf(this.#id);
    const alone = this.#voters.length === 1;
    this.#timer = this.#clock.after(alone ? 0 : graceMs + rank * rankMs, this.#campaign);
  }
}
