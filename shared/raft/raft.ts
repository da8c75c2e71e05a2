import { assert } from '#shared/base';
import { encodeConfChange } from './conf-change-codec.ts';
import type { RaftConfig } from './config.ts';
import { Core } from './core.ts';
import { leaderDisconnected } from './early-pre-vote.ts';
import { campaign } from './election.ts';
import { applyConfChange, autoLeaveJoint } from './membership.ts';
import { type ProposeResult, propose } from './propose.ts';
import { Turns } from './ready.ts';
import { requestRead } from './reads.ts';
import { untoldCommit } from './replication.ts';
import { type RaftStatus, statusOf } from './status.ts';
import { step } from './step.ts';
import { tick } from './tick.ts';
import { transferLeadership } from './transfer.ts';
import type { ConfChange, ConfState, Message, NodeId, Ready } from './types.ts';

/**
 * One member of a cluster: a deterministic state machine without time, threads or I/O. The host
 * calls it from one place at a time, and after any call asks `hasReady()`.
 */
export class Raft {
  readonly #core: Core;
  readonly #turns: Turns;

  constructor(config: RaftConfig) {
    this.#core = new Core(config);
    this.#turns = new Turns(this.#core);
  }

  /** One unit of time has passed; all timeouts are counted in these. */
  tick(): void {
    tick(this.#core);
  }

  /**
   * A message of another member. What is stale, misdirected or malformed is ignored; throws
   * AssertionError only where going on would corrupt the cluster (data lost, two leaders).
   */
  step(message: Message): void {
    step(this.#core, message);
  }

  /** The leader appends; a follower sends the proposal on, once, under its present term. */
  propose(data: Uint8Array): ProposeResult {
    return propose(this.#core, { type: 'normal', data });
  }

  /** As `propose`; the leader also checks the change against the present configuration. */
  proposeConfChange(change: ConfChange): ProposeResult {
    return propose(this.#core, { type: 'conf-change', data: encodeConfChange(change) });
  }

  /** To be called for each conf-change entry when it is applied, before `applied(its index)`. */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.#core, change);
  }

  /**
   * Asks for an index that a linearizable read can be served at, once applied; it comes in
   * `Ready.readStates`. False: there is no leader to ask. The answer may be lost with a message or
   * with the leader, so ask again after a while or when `softState` names another leader.
   * `context` must not be used again, not even after a restart: a late answer would be taken for
   * the newer question's.
   */
  readIndex(context: number): boolean {
    assert(Number.isSafeInteger(context) && context >= 0, `${context} is no read context`);
    return requestRead(this.#core, context);
  }

  /**
   * Hands leadership to the voter `to`; proposals are refused meanwhile, for an election timeout
   * at most. False where this cannot begin: no leader known, `to` is no voter or leads already.
   */
  transferLeadership(to: NodeId): boolean {
    return transferLeadership(this.#core, to);
  }

  /** Stand for election now, as if the timeout had passed. */
  campaign(): void {
    campaign(this.#core, 'normal');
  }

  /**
   * The connection to that member dropped. If it is the leader, this follower stops waiting for it
   * and asks for pre-votes: at once where it has the lowest id of the voters left, else
   * `earlyPreVoteTicks` later for each voter before it.
   */
  peerDisconnected(id: NodeId): void {
    const progress = this.#core.progress.get(id);
    if (progress?.state === 'snapshot') this.reportSnapshot(id, false);
    this.reportUnreachable(id);
    leaderDisconnected(this.#core, id);
  }

  /** A message to that member was not delivered: stop pipelining until it answers. */
  reportUnreachable(id: NodeId): void {
    const progress = this.#core.progress.get(id);
    if (id !== this.#core.id && progress?.state === 'replicate') progress.becomeProbe();
  }

  /**
   * With `lazyCommit`: the newest commit index that not all members were told of; 0 where there is
   * none, or this member does not lead.
   */
  get untoldCommit(): number {
    return this.#core.role === 'leader' ? untoldCommit(this.#core) : 0;
  }

  /** With `lazyCommit`: whoever was not told of a commit up to `index` is told with the next Ready. */
  announceCommit(index: number): void {
    const core = this.#core;
    if (core.role === 'leader') core.announcedCommit = Math.max(core.announcedCommit, index);
  }

  /** The host finished sending a snapshot to that member, or failed to. */
  reportSnapshot(id: NodeId, ok: boolean): void {
    const progress = this.#core.progress.get(id);
    if (progress?.state !== 'snapshot') return;
    if (!ok) progress.pendingSnapshot = 0;
    progress.becomeProbe();
    // The snapshot's own answer comes first if it arrived; if not, there is no hurry.
    progress.probeSent = true;
  }

  hasReady(): boolean {
    return this.#turns.due;
  }

  /** This turn's output, see the law on `Ready`. Every Ready taken must be advanced. */
  ready(): Ready {
    return this.#turns.take();
  }

  /** The writes of `ready` are durable. In the order the Readys were taken. */
  advance(ready: Ready): void {
    this.#turns.finish(ready);
  }

  /** Entries up to `index` are applied; as far as they were handed out. */
  applied(index: number): void {
    this.#core.log.appliedTo(index);
    this.#core.forgetConfEntries(index);
    autoLeaveJoint(this.#core);
  }

  /** The present term. Cheap, unlike `status()`: for every request. */
  get term(): number {
    return this.#core.term;
  }

  /** In the present term. As cheap. */
  get leads(): boolean {
    return this.#core.role === 'leader';
  }

  status(): RaftStatus {
    return statusOf(this.#core);
  }

  describe(): string {
    return this.#core.describe();
  }
}
