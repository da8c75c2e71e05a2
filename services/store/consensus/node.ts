import type { Rng } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import {
  decodeConfChange,
  type Entry,
  type Message,
  type NodeId,
  noNode,
  Raft,
  type RaftStatus,
  type Ready,
  type SoftState,
} from '#shared/raft';
import type { Logger } from '#shared/runtime';
import { storeErrors } from '../errors.ts';
import type { MemberChange, Operation } from '../wire/command.ts';
import { applyOnce } from './apply-once.ts';
import { FirstElection } from './first-election.ts';
import { Proposals } from './proposals.ts';
import { Reads } from './reads.ts';
import { type CountSnapshot, SnapshotTraffic } from './snapshots.ts';
import type { MemberBackend, MemberStorage } from './storage.ts';
import type { PeerTransport } from './transport.ts';

export interface Timing {
  /** Finer than etcd's, which ticks once a heartbeat, so that early elections can be ranked. */
  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
}

/** What the host does with committed commands. */
export interface Applier {
  /** Throws a QuorateError where the command is refused. */
  /** `index`: of the operation's entry. */
  apply(operation: Operation, index: number): unknown;
  /** A snapshot took the place of everything. */
  replace(backend: MemberBackend): void;
  /** Background work between slices, in bounded steps; true: there is more. */
  idle(): boolean;
}

export interface NodeOptions {
  readonly id: NodeId;
  readonly starts: number;
  readonly storage: MemberStorage;
  readonly transport: PeerTransport;
  readonly applier: Applier;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly timing: Timing;
  /** Entries applied between two compactions of the log, and those kept for slow members. */
  readonly snapshotCount: number;
  readonly catchUpEntries: number;
  readonly maxRequestBytes: number;
  /** Of one message between members. Default 512 KiB; one entry is always sent. */
  readonly maxMessageBytes?: number | undefined;
  readonly leaderChanged: (softState: SoftState) => void;
  /** How long the disk took. */
  readonly logWritten?: (ms: number) => void;
  readonly backendFlushed?: (ms: number) => void;
  readonly countSnapshot?: CountSnapshot;
  /** The disk cannot be trusted any more, or an invariant is broken: this member must stop. */
  readonly fatal: (error: Error) => void;
}

/** Longest run of applying before the loop gets its turn again. */
const applySliceMs = 4;
const flushEveryMs = 100;
const flushBytes = 8 << 20;
const flushCount = 10_000;
const maxPendingProposals = 20_000;
/** etcd refuses proposals while committed entries this far ahead wait to be applied. */
const maxApplyGap = 5000;
const readRetryMs = 500;
/** With more proposals waiting than these, sharing messages and writes is worth more than haste. */
const quietProposals = 4;
/** How much later than by a message of its own a follower may hear of a commit: idle, and busy. */
const commitNoticeMs = 2;
const busyCommitNoticeMs = 10;
/** Between two members that noticed the leader's death at once: longer than an election takes. */
const earlyRankMs = 60;

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
  #backend: MemberBackend;
  #softState: SoftState = { role: 'follower', leader: noNode };
  #leaderSinceMs = 0;
  #leaderChanges = 0;
  #toWrite: Ready[] = [];
  #writing = false;
  #toApply: Entry[] = [];
  #applyFrom = 0;
  #committed: number;
  #wakeup: Timer | undefined;
  #pumpsSoon = false;
  #commitNotice: Timer | undefined;
  #applyWakeup: Timer | undefined;
  readonly #timers: Timer[] = [];
  #compaction: Promise<void> | undefined;
  #stopped = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    const { storage, timing, clock } = options;
    this.#backend = storage.backend;
    this.#committed = storage.backend.applied.index;
    const electionTicks = Math.max(2, Math.round(timing.electionMs / timing.tickMs));
    storage.log.setSnapshotSource(() => this.#snapshots.describe(this.#backend));
    this.#raft = new Raft({
      id: options.id,
      storage: storage.log,
      applied: storage.backend.applied.index,
      electionTicks,
      heartbeatTicks: Math.max(1, Math.round(timing.heartbeatMs / timing.tickMs)),
      rng: options.rng,
      maxMessageBytes: options.maxMessageBytes ?? 512 << 10,
      maxInflightMessages: 256,
      maxUncommittedBytes: 64 << 20,
      preVote: true,
      checkQuorum: true,
      earlyPreVoteTicks: Math.max(1, Math.round(earlyRankMs / timing.tickMs)),
      lazyCommit: true,
    });
    // etcd's: five seconds for the disk, and two elections.
    const timeoutMs = 5000 + 2 * timing.electionMs;
    this.#proposals = new Proposals(this.#raft, {
      memberId: options.id,
      firstSequence: options.starts * 0x1_0000_0000,
      timeoutMs,
      maxRequestBytes: options.maxRequestBytes,
      maxPending: maxPendingProposals,
      timeoutError: (startedMs) => this.#timeoutError(startedMs),
    });
    this.#reads = new Reads(
      { timeoutMs, retryMs: readRetryMs, readIndex: (context) => this.#raft.readIndex(context) },
      options.starts * 0x1_0000_0000 + 1,
      this.#backend.applied.index,
    );
    this.#snapshots = new SnapshotTraffic(options, {
      step: (message) => this.#step([message]),
      sent: (to, ok) => {
        this.#raft.reportSnapshot(to, ok);
        this.#wake();
      },
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
      clock.every(flushEveryMs, () => void this.#flush()),
    );
  }

  // What the member asks.

  /** Replicates and applies: resolves with what applying it gave on this member. */
  propose(operation: Operation): Promise<unknown> {
    if (this.#stopped) return Promise.reject(storeErrors.stopped());
    if (this.#committed > this.#backend.applied.index + maxApplyGap) {
      return Promise.reject(storeErrors.tooManyRequests());
    }
    const outcome = this.#proposals.propose(operation, this.#options.clock.monotonic());
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
    return this.#softState.leader;
  }

  get leads(): boolean {
    return this.#softState.role === 'leader';
  }

  get term(): number {
    return this.#raft.term;
  }

  /** Leaders this member has seen. */
  get leaderChanges(): number {
    return this.#leaderChanges;
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
    this.#scheduleApply();
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
    this.#applyWakeup?.cancel();
    this.#commitNotice?.cancel();
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
    if (this.#writing || this.#reads.underWay || this.#proposals.size > quietProposals) {
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
    if (!this.#writing || !this.leads) this.#proposals.offer();
    do {
      while (this.#raft.hasReady()) this.#take(this.#raft.ready());
      this.#writeNext();
    } while (this.#raft.hasReady());
    this.#applySlice();
    this.#noticeCommit();
  }

  /** Followers hear of a commit with the next entries; where there are none, a little later. */
  #noticeCommit(): void {
    if (this.#commitNotice) return;
    const index = this.#raft.untoldCommit;
    if (index === 0) return;
    const delayMs = this.#proposals.size === 0 ? commitNoticeMs : busyCommitNoticeMs;
    this.#commitNotice = this.#options.clock.after(delayMs, () => {
      this.#commitNotice = undefined;
      this.#raft.announceCommit(index);
      this.#guard(() => this.#pump());
    });
  }

  #take(ready: Ready): void {
    this.#send(ready.messages);
    if (ready.softState) this.#lead(ready.softState);
    if (ready.snapshot) this.#snapshots.taken(ready.snapshot.metadata.index);
    this.#toWrite.push(ready);
    for (const entry of ready.committed) this.#toApply.push(entry);
    this.#committed = this.#toApply.at(-1)?.index ?? this.#committed;
    for (const { context, index } of ready.readStates) this.#reads.answered(context, index);
  }

  #lead(softState: SoftState): void {
    const before = this.#softState;
    this.#softState = softState;
    if (before.leader !== softState.leader) {
      this.#leaderSinceMs = this.#options.clock.monotonic();
      if (softState.leader !== noNode) this.#leaderChanges++;
      this.#firstElection.cancel();
      this.#reads.leaderChanged();
      if (softState.leader !== noNode) {
        this.#proposals.retry();
        if (this.#reads.needsAsking) this.#reads.ask(this.#leaderSinceMs);
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

  /** Starts the next log write with everything that waits, unless one is in flight. */
  #writeNext(): void {
    if (this.#writing || this.#toWrite.length === 0) return;
    const readies = this.#toWrite;
    this.#toWrite = [];
    const writes = readies.filter((ready) => ready.hardState || ready.entries.length > 0);
    const snapshot = readies.some((ready) => ready.snapshot);
    if (writes.length === 0 && !snapshot) {
      this.#written(readies);
      return;
    }
    this.#writing = true;
    const { clock, logWritten } = this.#options;
    const startedMs = clock.monotonic();
    const done = snapshot
      ? this.#writeAroundSnapshot(readies)
      : this.#options.storage.log.write(writes);
    done.then(
      () => {
        this.#writing = false;
        logWritten?.(clock.monotonic() - startedMs);
        this.#guard(() => {
          this.#written(readies);
          this.#pump();
        });
      },
      (thrown: unknown) => this.#fatal(thrown),
    );
  }

  #written(readies: readonly Ready[]): void {
    if (this.#stopped) return;
    for (const ready of readies) {
      this.#send(ready.messagesAfterSync);
      this.#raft.advance(ready);
    }
  }

  /** Readys in their order; the one with the snapshot replaces log and state as a whole. */
  async #writeAroundSnapshot(readies: readonly Ready[]): Promise<void> {
    const { storage, applier } = this.#options;
    for (const ready of readies) {
      if (!ready.snapshot) {
        await storage.log.write([ready]);
        continue;
      }
      const { index } = ready.snapshot.metadata;
      const hardState = ready.hardState ?? storage.log.initialState().hardState;
      // Everything older than the snapshot is in it.
      this.#toApply = this.#toApply.slice(this.#applyFrom).filter((entry) => entry.index > index);
      this.#applyFrom = 0;
      // Its marker must not land after the snapshot's.
      await this.#compaction;
      await this.#backend.flush();
      this.#backend = await this.#snapshots.install(index, hardState);
      this.#committed = Math.max(this.#committed, index);
      applier.replace(this.#backend);
      this.#proposals.jumped(this.#backend.sequences.get(this.#options.id) ?? 0);
      this.#reads.applied(index);
      this.#raft.applied(index);
      if (ready.entries.length > 0) await storage.log.write([{ entries: ready.entries }]);
      this.#options.log.info({ index }, 'installed a snapshot');
    }
  }

  #applySlice(): void {
    if (this.#applyFrom < this.#toApply.length && !this.#snapshots.installing) {
      const { clock } = this.#options;
      const until = clock.monotonic() + applySliceMs;
      const before = this.#applyFrom;
      while (this.#applyFrom < this.#toApply.length) {
        this.#apply(this.#toApply[this.#applyFrom++] as Entry);
        if ((this.#applyFrom - before) % 16 === 0 && clock.monotonic() >= until) break;
      }
      const { index } = this.#backend.applied;
      this.#raft.applied(index);
      this.#reads.applied(index);
      if (this.#applyFrom >= this.#toApply.length) {
        this.#toApply = [];
        this.#applyFrom = 0;
      }
      if (this.#backend.dirtyBytes > flushBytes || this.#backend.dirtyCount > flushCount) {
        void this.#flush();
      }
      this.#maybeCompact();
      if (this.#raft.hasReady()) this.#wake();
    }
    if (this.#applyFrom < this.#toApply.length || this.#options.applier.idle()) {
      this.#scheduleApply();
    }
  }

  #scheduleApply(): void {
    if (this.#stopped) return;
    this.#applyWakeup ??= this.#options.clock.soon(() => {
      this.#applyWakeup = undefined;
      this.#guard(() => this.#applySlice());
    });
  }

  #apply(entry: Entry): void {
    const { index, term, type, data } = entry;
    let { confState } = this.#backend.applied;
    let command = data;
    if (type === 'conf-change') {
      const change = decodeConfChange(data);
      confState = this.#raft.applyConfChange(change);
      // Raft's own leaving of a joint configuration has none.
      command = change.context;
    }
    if (command.length > 0) {
      // A change of the configuration is proposed once, and raft has taken it already.
      this.#run(command, index, type === 'conf-change');
      this.#backend.setApplied({ index, term, confState });
      return;
    }
    this.#backend.setApplied({ index, term, confState });
    if (type === 'conf-change') return;
    this.#proposals.termBegan(term);
    this.#wake();
  }

  #run(data: Uint8Array, index: number, always: boolean): void {
    const { applier, id } = this.#options;
    const applied = applyOnce(data, this.#backend.sequences, always, (operation) =>
      applier.apply(operation, index),
    );
    if (applied?.member === id) this.#proposals.applied(applied.sequence, applied.outcome);
  }

  async #flush(): Promise<void> {
    if (this.#stopped || this.#snapshots.installing) return;
    const { clock, backendFlushed } = this.#options;
    const startedMs = clock.monotonic();
    const dirty = this.#backend.dirtyCount > 0;
    try {
      await this.#backend.flush();
      if (dirty) backendFlushed?.(clock.monotonic() - startedMs);
    } catch (thrown) {
      this.#fatal(thrown);
    }
  }

  /** What the backend has durably, the log may forget, but for what slow members still need. */
  #maybeCompact(): void {
    const { snapshotCount, catchUpEntries, storage } = this.#options;
    const { index } = this.#backend.applied;
    if (this.#compaction) return;
    if (index - storage.log.compactedIndex() <= snapshotCount + catchUpEntries) return;
    this.#compaction = this.#compact(index - catchUpEntries).finally(() => {
      this.#compaction = undefined;
    });
  }

  async #compact(index: number): Promise<void> {
    try {
      await this.#backend.flush();
      if (this.#snapshots.installing || this.#stopped) return;
      await this.#options.storage.log.compact(Math.min(index, this.#backend.flushed.index));
      this.#options.log.info({ index }, 'compacted the raft log');
    } catch (thrown) {
      this.#fatal(thrown);
    }
  }

  /** The error etcd would give, by what happened while the request waited. */
  #timeoutError(startedMs: number): Error {
    const { transport, timing, id } = this.#options;
    const leaderLostMs = this.#leaderSinceMs - 2 * timing.electionMs;
    if (startedMs > leaderLostMs && startedMs < this.#leaderSinceMs) {
      return storeErrors.timedOutLeaderFailure();
    }
    if (this.leader !== noNode && this.leader !== id) {
      const since = transport.connectedSince(this.leader);
      if (since === undefined || since > startedMs) {
        return storeErrors.timedOutConnectionLost();
      }
    }
    return storeErrors.timedOut();
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
