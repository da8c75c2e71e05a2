import type { Timer } from '#shared/clock';
import {
  type Message,
  type NodeId,
  noNode,
  type Raft,
  type RaftStatus,
  type Ready,
  type SoftState,
} from '#shared/raft';
import { storeErrors } from '../errors.ts';
import type { MemberChange, Operation } from '../wire/command.ts';
import { Applying } from './applying.ts';
import { CommitNotice } from './commit-notice.ts';
import { FirstElection } from './first-election.ts';
import { Housekeeping } from './housekeeping.ts';
import { KnownLeader } from './known-leader.ts';
import { LogWrites } from './log-writes.ts';
import type { NodeOptions } from './node-options.ts';
import { Proposals } from './proposals.ts';
import { raftOf } from './raft-of.ts';
import { Reads } from './reads.ts';
import { SnapshotTraffic } from './snapshots.ts';
import type { MemberBackend } from './storage.ts';

const flushEveryMs = 2000;
const maxPendingProposals = 20_000;
const readRetryMs = 500;
/** With more proposals waiting than these, sharing messages and writes is worth more than haste. */
const quietProposals = 1;

/**
 * Drives one raft member. Inputs are collected during a turn of the event loop, and one pump at its
 * end takes what raft makes of them: messages go out at once, one synced log write is in flight
 * at a time (what comes meanwhile shares the next one), and committed entries are applied in slices.
 */
export class RaftNode {
  readonly #options: NodeOptions;
  readonly #raft: Raft;
  readonly #proposals: Proposals;
  readonly #reads: Reads;
  readonly #snapshots: SnapshotTraffic;
  readonly #firstElection: FirstElection;
  readonly #applying: Applying;
  readonly #known: KnownLeader;
  readonly #commitNotice: CommitNotice;
  readonly #housekeeping: Housekeeping;
  readonly #logWrites: LogWrites;
  #backend: MemberBackend;
  #wakeup: Timer | undefined;
  #pumpsSoon = false;
  readonly #timers: Timer[] = [];
  #stopped = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    const { storage, timing, clock } = options;
    this.#backend = storage.backend;
    storage.log.setSnapshotSource(() => this.#snapshots.describe(this.#backend));
    this.#raft = raftOf(options);
    this.#known = new KnownLeader(options);
    this.#commitNotice = new CommitNotice(this.#raft, clock, () => {
      this.#guard(() => this.#pump());
    });
    this.#housekeeping = new Housekeeping({
      ...options,
      backend: () => this.#backend,
      untouchable: () => this.#stopped || this.#snapshots.installing,
      failed: (thrown) => this.#fatal(thrown),
    });
    this.#logWrites = new LogWrites({
      log: storage.log,
      clock,
      took: options.logWritten,
      install: (ready, index) => this.#install(ready, index),
      durable: (readies) => this.#written(readies),
      ended: (tell) =>
        this.#guard(() => {
          tell();
          this.#pump();
        }),
      failed: (thrown) => this.#fatal(thrown),
    });
    // etcd's: five seconds for the disk, and two elections.
    const timeoutMs = 5000 + 2 * timing.electionMs;
    this.#proposals = new Proposals(this.#raft, {
      memberId: options.id,
      firstSequence: options.starts * 0x1_0000_0000,
      timeoutMs,
      maxRequestBytes: options.maxRequestBytes,
      maxPending: maxPendingProposals,
      timeoutError: (startedMs) => this.#known.timeoutError(startedMs),
    });
    this.#reads = new Reads(
      { timeoutMs, retryMs: readRetryMs, readIndex: (context) => this.#raft.readIndex(context) },
      options.starts * 0x1_0000_0000 + 1,
      this.#backend.applied.index,
    );
    this.#snapshots = new SnapshotTraffic(options, {
      step: (message) => {
        this.#guard(() => this.#step([message]));
        // Whatever raft makes of one, it knows afterwards that everything in it is committed.
        return this.#raft.status().commit >= message.snapshot.metadata.index;
      },
      sent: (to, ok) => {
        this.#raft.reportSnapshot(to, ok);
        this.#wake();
      },
    });
    this.#applying = new Applying({
      options,
      raft: this.#raft,
      proposals: this.#proposals,
      reads: this.#reads,
      housekeeping: this.#housekeeping,
      backend: () => this.#backend,
      paused: () => this.#snapshots.installing,
      guard: (fn) => this.#guard(fn),
      wake: () => this.#wake(),
    });
    this.#firstElection = new FirstElection(
      options.id,
      storage.backend.applied.confState,
      clock,
      () =>
        this.#guard(() => {
          if (this.#stopped || this.leader !== noNode) return;
          this.#raft.campaign();
          this.#wake();
        }),
    );
    this.#timers.push(
      clock.every(timing.tickMs, () => this.#guard(() => this.#tick())),
      clock.every(flushEveryMs, () => void this.#housekeeping.flush()),
    );
  }

  // What the member asks.

  /** Replicates and applies: resolves with what applying it gave on this member. */
  propose(operation: Operation): Promise<unknown> {
    if (this.#stopped) return Promise.reject(storeErrors.stopped());
    if (this.#applying.behind) return Promise.reject(storeErrors.tooManyRequests());
    const outcome = this.#proposals.propose(operation, this.#options.clock.monotonic());
    this.#wake();
    return outcome;
  }

  /**
   * On the leader of `term`: what its own clock has decided. Unlike other proposals it is not made again
   * when the leader changes, for by the next one's clock it may be wrong.
   */
  proposeInTerm(operation: Operation, term: number): Promise<unknown> {
    if (this.#stopped) return Promise.reject(storeErrors.stopped());
    if (this.#raft.term !== term) return Promise.reject(storeErrors.notLeader());
    const outcome = this.#proposals.proposeOnce(operation, this.#options.clock.monotonic());
    this.#wake();
    return outcome;
  }

  /** On the leader, which has checked the change: resolves when it is applied here. */
  changeMembers(change: MemberChange): Promise<unknown> {
    if (this.#stopped) return Promise.reject(storeErrors.stopped());
    const outcome = this.#proposals.proposeChange(change, this.#options.clock.monotonic());
    this.#wake();
    return outcome;
  }

  /** Resolves when this member has applied all that was committed anywhere at the call. */
  linearizable(): Promise<void> {
    if (this.#stopped) return Promise.reject(storeErrors.stopped());
    const ready = this.#reads.wait(this.#options.clock.monotonic());
    this.#wake();
    return ready;
  }

  get leader(): NodeId {
    return this.#known.softState.leader;
  }

  get leads(): boolean {
    return this.#known.softState.role === 'leader';
  }

  get term(): number {
    return this.#raft.term;
  }

  /** Leaders this member has seen. */
  get leaderChanges(): number {
    return this.#known.changes;
  }

  get pendingProposals(): number {
    return this.#proposals.size;
  }

  get failedProposals(): number {
    return this.#proposals.failed;
  }

  /** Read indexes that were not told in time and asked for again, and reads given up. */
  get readTroubles(): { readonly slow: number; readonly failed: number } {
    return this.#reads;
  }

  /** A snapshot is taking the place of the state. */
  get installingSnapshot(): boolean {
    return this.#snapshots.installing;
  }

  get backend(): MemberBackend {
    return this.#backend;
  }

  status(): RaftStatus {
    return this.#raft.status();
  }

  transferLeadership(to: NodeId): boolean {
    const begun = this.#raft.transferLeadership(to);
    this.#wake();
    return begun;
  }

  /** There is work for `Applier.idle`. */
  wakeIdle(): void {
    this.#applying.schedule();
  }

  // What the transport tells.

  receive(messages: readonly Message[]): void {
    if (!this.#stopped) this.#guard(() => this.#step(messages));
  }

  receiveSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#snapshots.receive(message, chunks);
  }

  connected(id: NodeId): void {
    this.#firstElection.connected(id);
    this.#snapshots.connected(id);
    if (this.#stopped || id !== this.leader) return;
    this.#proposals.sendAgain();
    this.#wake();
  }

  disconnected(id: NodeId): void {
    if (this.#stopped) return;
    this.#guard(() => {
      this.#raft.peerDisconnected(id);
      this.#wake();
    });
  }

  unreachable(id: NodeId): void {
    if (!this.#stopped) this.#raft.reportUnreachable(id);
  }

  /** Nothing is applied or sent any more; what is applied is flushed. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#halt();
    await this.#backend.flush();
  }

  /** Stops at once and saves nothing: the disk, or this member's place, is lost. */
  abandon(): void {
    if (!this.#stopped) this.#halt();
  }

  describe(): string {
    return `${this.#raft.describe()} pending=${this.#proposals.size}`;
  }

  #halt(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#firstElection.cancel();
    this.#wakeup?.cancel();
    this.#applying.stop();
    this.#snapshots.stop();
    this.#commitNotice.stop();
    this.#proposals.stop();
    this.#reads.stop();
  }

  #tick(): void {
    const now = this.#options.clock.monotonic();
    this.#raft.tick();
    this.#proposals.retry();
    this.#proposals.expire(now);
    this.#reads.expire(now);
    this.#pump();
  }

  #step(messages: readonly Message[]): void {
    for (const message of messages) this.#raft.step(message);
    this.#wake();
  }

  /**
   * One pump for whatever comes in: at once, that is after what runs now, or at the end of this turn
   * where something is under way anyhow, so that more can share what is sent and written next.
   */
  #wake(): void {
    if (this.#stopped || this.#wakeup || this.#pumpsSoon) return;
    if (this.#logWrites.underWay || this.#reads.underWay || this.#proposals.size > quietProposals) {
      this.#wakeup = this.#options.clock.soon(() => this.#guard(() => this.#pump()));
      return;
    }
    this.#pumpsSoon = true;
    queueMicrotask(() => this.#guard(() => this.#pump()));
  }

  #pump(): void {
    this.#pumpsSoon = false;
    this.#wakeup?.cancel();
    this.#wakeup = undefined;
    if (this.#stopped) return;
    if (this.#reads.needsAsking) this.#reads.ask(this.#options.clock.monotonic());
    // What comes while the leader writes shares the next write, and the next message to each follower.
    if (!this.#logWrites.underWay || !this.leads) this.#proposals.offer();
    do {
      while (this.#raft.hasReady()) this.#take(this.#raft.ready());
      this.#logWrites.next();
    } while (this.#raft.hasReady());
    this.#applying.slice();
    this.#commitNotice.look(this.#proposals.size > 0);
  }

  #take(ready: Ready): void {
    this.#send(ready.messages);
    if (ready.softState) this.#lead(ready.softState);
    if (ready.snapshot) this.#snapshots.taken(ready.snapshot.metadata.index);
    this.#logWrites.add(ready);
    this.#applying.push(ready.committed);
    for (const { context, index } of ready.readStates) this.#reads.answered(context, index);
  }

  #lead(softState: SoftState): void {
    if (this.#known.changed(softState)) {
      this.#firstElection.cancel();
      this.#reads.leaderChanged();
      if (softState.leader !== noNode) {
        // Heard again in the same term: the connection may have been another one meanwhile.
        this.#proposals.sendAgain();
        this.#proposals.retry();
        if (this.#reads.needsAsking) this.#reads.ask(this.#options.clock.monotonic());
      }
    }
    this.#options.leaderChanged(softState);
  }

  #send(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    const plain = messages.filter((message) => message.type !== 'snapshot');
    if (plain.length > 0) this.#options.transport.send(plain);
    for (const message of messages) {
      if (message.type === 'snapshot') this.#snapshots.send(message, this.#backend);
    }
  }

  #written(readies: readonly Ready[]): void {
    if (this.#stopped) return;
    for (const ready of readies) {
      this.#send(ready.messagesAfterSync);
      this.#raft.advance(ready);
    }
  }

  async #install(ready: Ready, index: number): Promise<void> {
    const { storage, applier } = this.#options;
    const hardState = ready.hardState ?? storage.log.initialState().hardState;
    // Everything older than the snapshot is in it.
    this.#applying.dropThrough(index);
    // Its marker must not land after the snapshot's.
    await this.#housekeeping.compaction;
    await this.#backend.flush();
    await this.#snapshots.install(index, hardState, (backend) => {
      this.#backend = backend;
      applier.replace(backend);
      this.#proposals.jumped(backend.sequences.get(this.#options.id) ?? 0);
      this.#reads.applied(index);
      this.#raft.applied(index);
    });
    if (ready.entries.length > 0) await storage.log.write([{ entries: ready.entries }]);
    this.#options.log.info({ index }, 'installed a snapshot');
  }

  #guard(fn: () => void): void {
    try {
      fn();
    } catch (thrown) {
      this.#fatal(thrown);
    }
  }

  #fatal(thrown: unknown): void {
    if (this.#stopped) return;
    this.#halt();
    this.#options.fatal(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
}
