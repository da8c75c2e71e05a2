import type { Timer } from '#shared/clock';
import { decodeConfChange, type Entry, type Raft } from '#shared/raft';
import { type AppliedCommand, applyOnce } from './apply-once.ts';
import { ApplyQueue } from './apply-queue.ts';
import type { Housekeeping } from './housekeeping.ts';
import type { NodeOptions } from './node-options.ts';
import type { Proposals } from './proposals.ts';
import type { Reads } from './reads.ts';
import type { MemberBackend } from './storage.ts';

/** etcd refuses proposals while committed entries this far ahead wait to be applied. */
const maxGap = 5000;

export interface ApplyingParts {
  readonly options: Pick<NodeOptions, 'id' | 'applier' | 'clock' | 'applyTook'>;
  readonly raft: Raft;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly housekeeping: Housekeeping;
  readonly backend: () => MemberBackend;
  /** A snapshot is taking the place of the state. */
  readonly paused: () => boolean;
  /** Runs what may throw: then the member stops. */
  readonly guard: (fn: () => void) => void;
  /** Raft has something to do. */
  readonly wake: () => void;
}

/** Applies what is committed, in its order and in slices, and tells whoever waits for it. */
export class Applying {
  readonly #parts: ApplyingParts;
  readonly #queue: ApplyQueue<AppliedCommand>;
  #wakeup: Timer | undefined;
  #stopped = false;

  constructor(parts: ApplyingParts) {
    this.#parts = parts;
    const { clock, applyTook } = parts.options;
    this.#queue = new ApplyQueue(clock, parts.backend().applied.index, applyTook);
  }

  get behind(): boolean {
    return this.#queue.newest > this.#parts.backend().applied.index + maxGap;
  }

  push(entries: readonly Entry[]): void {
    this.#queue.push(entries);
  }

  /** A snapshot has everything up to `index`. */
  dropThrough(index: number): void {
    this.#queue.dropThrough(index);
  }

  slice(): void {
    const { options, raft, reads, housekeeping, backend, paused, wake } = this.#parts;
    if (this.#queue.waiting && !paused()) {
      const before = backend().applied.confState;
      this.#queue.slice((entry) => this.#apply(entry));
      const { index, confState } = backend().applied;
      raft.applied(index);
      reads.applied(index);
      housekeeping.applied();
      if (confState !== before) housekeeping.reconfigured();
      if (raft.hasReady()) wake();
    }
    if (this.#queue.waiting || options.applier.idle()) this.schedule();
  }

  /** A slice in the next turn. */
  schedule(): void {
    if (this.#stopped) return;
    const { options, guard } = this.#parts;
    this.#wakeup ??= options.clock.soon(() => {
      this.#wakeup = undefined;
      guard(() => this.slice());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#wakeup?.cancel();
  }

  /** What became of it, where it was a command. */
  #apply(entry: Entry): AppliedCommand | undefined {
    const { raft, proposals, wake } = this.#parts;
    const backend = this.#parts.backend();
    const { index, term, type, data } = entry;
    let { confState } = backend.applied;
    let command = data;
    if (type === 'conf-change') {
      const change = decodeConfChange(data);
      confState = raft.applyConfChange(change);
      // Raft's own leaving of a joint configuration has none.
      command = change.context;
    }
    // A change of the configuration is proposed once, and raft has taken it already.
    const isConfChange = type === 'conf-change';
    const applied = command.length > 0 ? this.#run(command, index, isConfChange) : undefined;
    backend.setApplied({ index, term, confState });
    if (command.length > 0 || isConfChange) return applied;
    proposals.termBegan(term);
    wake();
    return undefined;
  }

  #run(data: Uint8Array, index: number, always: boolean): AppliedCommand | undefined {
    const { options, proposals, backend } = this.#parts;
    const applied = applyOnce(data, backend().sequences, always, (operation) =>
      options.applier.apply(operation, index),
    );
    if (applied?.member === options.id) proposals.applied(applied.sequence, applied.outcome);
    return applied;
  }
}
