import { assert } from '#shared/base';
import type { Core } from './core.ts';
import { ownVoteDurable } from './election.ts';
import { beginReads, readsDue } from './reads.ts';
import { acknowledgeOwnWrite, sendAppends, wantsAppend } from './replication.ts';
import { type HardState, noNode, type Ready, type SoftState } from './types.ts';

interface Turn {
  readonly ready: Ready;
  /** The term of the vote for ourselves that this turn's write makes durable, or 0. */
  readonly ownVoteTerm: number;
}

/** Makes one Ready after the other and remembers those under way. */
export class Turns {
  readonly #core: Core;
  readonly #underWay: Turn[] = [];
  #hardState: HardState;
  #softState: SoftState;

  constructor(core: Core) {
    this.#core = core;
    this.#hardState = core.config.storage.initialState().hardState;
    this.#softState = { role: 'follower', leader: noNode };
  }

  get due(): boolean {
    const core = this.#core;
    return (
      !core.outbox.empty ||
      core.log.hasUnwritten ||
      core.log.hasCommitted ||
      readsDue(core) ||
      this.#hardStateChange() !== undefined ||
      this.#softStateChange() !== undefined ||
      (core.role === 'leader' && core.progress.values().some((each) => wantsAppend(core, each)))
    );
  }

  take(): Ready {
    const core = this.#core;
    if (readsDue(core)) beginReads(core);
    if (core.role === 'leader') sendAppends(core);
    const softState = this.#softStateChange();
    const hardState = this.#hardStateChange();
    const newTerm = hardState !== undefined && hardState.term > this.#hardState.term;
    const ownVote = newTerm && core.role === 'candidate' && hardState.vote === core.id;
    this.#softState = softState ?? this.#softState;
    this.#hardState = hardState ?? this.#hardState;
    const committed = core.log.takeCommitted(core.config.maxMessageBytes);
    for (const { type, index } of committed) {
      if (type === 'conf-change') core.handedOutConfEntry(index);
    }
    const ready: Ready = {
      softState,
      hardState,
      ...core.log.beginWrite(),
      ...core.outbox.take(),
      committed,
    };
    this.#underWay.push({ ready, ownVoteTerm: ownVote ? core.term : 0 });
    return ready;
  }

  finish(ready: Ready): void {
    const turn = this.#underWay.shift();
    assert(turn?.ready === ready, 'Readys are advanced in the order they were taken');
    const core = this.#core;
    core.log.finishWrite();
    if (ready.snapshot !== undefined) {
      core.forgetConfEntries(ready.snapshot.metadata.index);
      core.appliedConf = ready.snapshot.metadata.confState;
    }
    if (turn.ownVoteTerm > 0) ownVoteDurable(core, turn.ownVoteTerm);
    if (core.role === 'leader') acknowledgeOwnWrite(core);
  }

  #hardStateChange(): HardState | undefined {
    const { term, vote, log } = this.#core;
    const last = this.#hardState;
    assert(term >= last.term && log.committed >= last.commit, 'the hard state only grows');
    if (term === last.term && vote === last.vote && log.committed === last.commit) return undefined;
    return { term, vote, commit: log.committed };
  }

  #softStateChange(): SoftState | undefined {
    const { role, leader } = this.#core;
    const last = this.#softState;
    return role === last.role && leader === last.leader ? undefined : { role, leader };
  }

  describe(): string {
    return `turns under way: ${this.#underWay.length}`;
  }
}
