import type { KvClient } from '#shared/client';
import type { Timer } from '#shared/clock';
import { noNode, type SoftState } from '#shared/raft';
import type { Caller } from './auth/caller.ts';
import { RaftNode } from './consensus/node.ts';
import type { Digest, PeerTransport } from './consensus/transport.ts';
import type { HostParts, MemberDir } from './host-parts.ts';
import { Fellows } from './member/fellows.ts';
import type { Identity } from './member/identity.ts';
import { publish } from './member/publish.ts';
import { hexId, shownId } from './member/shown-id.ts';
import type { Settings } from './options.ts';
import { Counters } from './metrics/counters.ts';
import type { Serving } from './serve/context.ts';
import { CompactionSteps } from './serve/compaction-steps.ts';
import { CorruptionChecks } from './serve/corruption.ts';
import { Digests } from './serve/digests.ts';
import { createInProcessClient, ProgressRequests } from './serve/in-process-client.ts';
import { AutoCompaction } from './serve/auto-compaction.ts';
import { handOver } from './serve/hand-over.ts';
import { Kv } from './serve/kv.ts';
import { LeaderWatch } from './serve/leader-watch.ts';
import { Leases } from './serve/leases.ts';
import { Membership } from './serve/membership.ts';
import { Quota } from './serve/quota.ts';
import { StateMachine } from './state/state-machine.ts';
import { OpenWatchStreams } from './watch/watch-streams.ts';
import type { Operation } from './wire/command.ts';

/** Whoever has asked for the removal is answered meanwhile. */
const leaveMs = 1000;
/** Of election timeouts: those who stay have noticed by then that nobody leads, and have asked for its vote, several times. */
const leaveElections = 10;

/**
 * A member without its client ports: consensus, state, and what answers requests. It meets the world
 * only in its parts (directory, transport, clock, generator), so that the simulator can bring its own.
 */
export class MemberHost {
  readonly kv: Kv;
  readonly leases: Leases;
  readonly membership: Membership;
  readonly watches: OpenWatchStreams;
  readonly leader: LeaderWatch;
  readonly node: RaftNode;
  readonly state: StateMachine;
  readonly serving: Serving;
  readonly #settings: Settings;
  readonly #dir: MemberDir;
  readonly #identity: Identity;
  readonly #transport: PeerTransport;
  readonly #halted: () => void;
  readonly #counters: Counters;
  readonly #autoCompaction: AutoCompaction | undefined;
  readonly #corruption: CorruptionChecks;
  readonly #quota: Quota;
  readonly #syncEvents: number;
  readonly #progress = new ProgressRequests();
  readonly #compactions: CompactionSteps;
  readonly #fellows: Fellows;
  #leaving: { readonly atMs: number; readonly timer: Timer } | undefined;
  #stopping: Promise<void> | undefined;

  constructor(parts: HostParts) {
    const { settings, dir, identity } = parts;
    const { clock, log } = settings;
    const { syncEvents = 500, cacheBytes } = parts.bounds ?? {};
    this.#syncEvents = syncEvents;
    this.#settings = settings;
    this.#dir = dir;
    this.#identity = identity;
    this.#transport = parts.transport;
    this.#halted = parts.halted;
    this.#counters = parts.counters ?? new Counters();
    this.state = new StateMachine(
      dir.backend,
      () => this.#fellows.changed(),
      parts.tokens,
      cacheBytes === undefined ? {} : { cacheBytes },
    );
    this.#fellows = new Fellows({
      identity,
      state: this.state,
      transport: parts.transport,
      told: settings.initialCluster,
      leave: (error) => this.#leaveLate(error),
    });
    this.#compactions = new CompactionSteps({
      state: this.state,
      clock,
      counters: this.#counters,
      batchLimit: settings.compactionBatchLimit,
    });
    this.node = this.#createNode(parts);
    this.serving = this.#createServing();
    this.leader = new LeaderWatch(this.serving, settings);
    this.#quota = new Quota(this.serving, {
      bytes: settings.quotaBackendBytes,
      autoDisarm: settings.quotaAutoDisarm,
      heap: parts.heap,
      log,
    });
    this.kv = new Kv(this.serving, this.#quota);
    this.leases = new Leases(this.serving, this.#quota, settings);
    this.membership = new Membership(this.serving);
    this.watches = new OpenWatchStreams(this.serving);
    const { autoCompaction } = settings;
    this.#autoCompaction = autoCompaction && new AutoCompaction(this.serving, autoCompaction, log);
    this.#corruption = new CorruptionChecks(this.serving, { ...settings, log });
  }

  /** The store in this process, on behalf of whom it may concern. */
  clientFor(caller: Caller): KvClient {
    return createInProcessClient(this.serving, this.kv, this.leases, this.#progress, caller);
  }

  #createNode({ settings, dir, identity, transport, slowApply }: HostParts): RaftNode {
    const { walFsync, backendCommit, snapshots, applying } = this.#counters;
    const { warningApplyMs } = settings;
    return new RaftNode({
      id: identity.memberId,
      starts: identity.starts,
      storage: dir,
      transport,
      applier: {
        apply: (operation, index) => this.#apply(operation, index),
        replace: (backend) => {
          this.#compactions.forget();
          this.state.replace(backend);
          this.leases.leaderChanged({ role: 'follower', leader: noNode });
        },
        idle: () => this.#idle(),
      },
      clock: settings.clock,
      rng: settings.rng,
      log: settings.log,
      timing: settings,
      snapshotCount: settings.snapshotCount,
      catchUpEntries: settings.snapshotCatchUpEntries,
      maxRequestBytes: settings.maxRequestBytes,
      maxMessageBytes: settings.maxMessageBytes,
      maxUncommittedBytes: settings.maxUncommittedBytes,
      leaderChanged: (softState) => this.#leaderChanged(softState),
      logWritten: (ms) => walFsync.observe(ms),
      backendFlushed: (ms) => backendCommit.observe(ms),
      applyTook: ({ type, outcome }, ms) => {
        applying.observe(type, 'value' in outcome, ms);
        if (warningApplyMs > 0 && ms > warningApplyMs) slowApply?.(type, ms);
      },
      countSnapshot: (which, peer, work) => snapshots.count(which, peer, settings.clock, work),
      fatal: (error) => this.#fatal(error),
    });
  }

  #createServing(): Serving {
    const { clock, rng, maxRequestBytes, maxTxnOps, electionMs } = this.#settings;
    return {
      memberId: this.#identity.memberId,
      clusterId: this.#identity.clusterId,
      shown: {
        memberId: shownId(this.#identity.memberId),
        clusterId: shownId(this.#identity.clusterId),
      },
      node: this.node,
      state: this.state,
      transport: this.#transport,
      clock,
      rng,
      limits: {
        maxTxnOps,
        maxRequestBytes,
        minLeaseTtlSeconds: Math.ceil((1.5 * electionMs) / 1000),
        requestTimeoutMs: 5000 + 2 * electionMs,
        progressNotifyMs: this.#settings.watchProgressNotifyMs,
        strictReconfigCheck: this.#settings.strictReconfigCheck,
        maxLearners: this.#settings.maxLearners,
        quotaBytes: this.#settings.quotaBackendBytes,
      },
      digests: new Digests({ state: this.state, clock, counters: this.#counters }),
      counters: this.#counters,
      handOver: () => this.handOver(),
    };
  }

  /** Joins the traffic of the peers. */
  async start(): Promise<void> {
    const { node } = this;
    await this.#transport.start({
      receive: (messages) => node.receive(messages),
      receiveSnapshot: (message, chunks) => node.receiveSnapshot(message, chunks),
      connected: (id) => node.connected(id),
      disconnected: (id) => node.disconnected(id),
      unreachable: (id) => node.unreachable(id),
      leaderLease: (request) => this.leases.asLeader(request),
      changeMembers: (change) => this.membership.asLeader(change),
      digest: (revision) => this.#digest(revision),
      cluster: () => this.#fellows.view(),
      admit: (id, incarnation) => this.#fellows.admit(id, incarnation),
      refused: (error) => this.#leave(error),
    });
    this.#fellows.changed();
    if (this.#settings.initialCorruptCheck) await this.#corruption.beforeServing();
  }

  async #digest(revision: number): Promise<Digest> {
    const { hash, hashRevision, compactRevision } = await this.serving.digests.upTo(revision);
    return { hash, revision: hashRevision, compactRevision };
  }

  /** Hands leadership over and leaves everything flushed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.handOver();
    this.#halt();
    await this.node.stop();
    await this.#transport.stop();
    await this.#dir.close();
  }

  #halt(): void {
    this.#leaving?.timer.cancel();
    this.leader.stop();
    this.leases.stop();
    this.#quota.stop();
    this.#autoCompaction?.stop();
    this.#corruption.stop();
    this.watches.stop();
    this.#halted();
  }

  /** As if its process had died, but that its ports and files are closed. */
  async crash(): Promise<void> {
    if (this.#stopping) return this.#stopping;
    this.#halt();
    this.node.abandon();
    this.#stopping = this.#transport.stop().then(() => this.#dir.close());
    return this.#stopping;
  }

  /** See serve/hand-over.ts. */
  handOver(): Promise<void> {
    const { clock, electionMs } = this.#settings;
    return handOver(this.node, clock, electionMs);
  }

  /** Nothing can be saved any more: no flush, no handing over. */
  #fatal(error: Error): void {
    const { log } = this.#settings;
    log.error({ error: error.message, stack: error.stack }, 'the store stops: it cannot go on');
    this.#halt();
    this.#stopping ??= this.#abandon(error);
  }

  async #abandon(error: Error): Promise<void> {
    const { log, onFatal } = this.#settings;
    this.node.abandon();
    try {
      await this.#transport.stop();
      await this.#dir.close();
    } catch (thrown) {
      log.warn({ error: String(thrown) }, 'could not close everything');
    }
    onFatal?.(error);
  }

  /** No part of the cluster any more, as others say, who know it. */
  #leave(error: Error, afterMs = leaveMs): void {
    const { clock } = this.#settings;
    const atMs = clock.monotonic() + afterMs;
    if (this.#leaving && this.#leaving.atMs <= atMs) return;
    this.#leaving?.timer.cancel();
    this.#leaving = { atMs, timer: clock.after(afterMs, () => this.#fatal(error)) };
  }

  /**
   * No part of the cluster any more, as this member has found. Where one of two goes, the other needs its vote until it
   * knows, and the word of that may have been lost. Who knows turns its connections away.
   */
  #leaveLate(error: Error): void {
    this.#leave(error, Math.max(leaveMs, leaveElections * this.#settings.electionMs));
  }

  #idle(): boolean {
    const { hub } = this.state;
    const behind = hub.unsyncedSize > 0 && hub.syncSlice(this.#syncEvents);
    this.watches.answerProgress();
    this.#progress.look();
    return this.#compactions.next() || behind;
  }

  #count(operation: Operation): void {
    const { applied } = this.#counters;
    const { type } = operation;
    applied.set(type, (applied.get(type) ?? 0) + 1);
    if (type === 'lease-grant') {
      this.#counters.leaseTtl.observe(operation.ttlSeconds * 1000);
    }
  }

  #apply(operation: Operation, index: number): unknown {
    this.#count(operation);
    if (operation.type === 'alarm') {
      const { raise, alarm } = operation;
      this.#settings.log.warn(
        { alarm: alarm.alarm.toUpperCase(), from: alarm.memberId.toString(16) },
        raise ? 'alarm raised' : 'alarm disarmed',
      );
    }
    return this.state.apply(operation, index);
  }

  #leaderChanged(softState: SoftState): void {
    const { log } = this.#settings;
    const { leader, role } = softState;
    log.info(
      { role, leader: hexId(leader), term: this.node.term },
      leader === noNode ? 'no leader' : 'leader',
    );
    this.leader.changed(softState);
    this.leases.leaderChanged(softState);
  }

  isLearner(): boolean {
    return this.state.members.get(this.#identity.memberId)?.learner === true;
  }

  /** See publish.ts. */
  publish(): Promise<boolean> {
    const stopping = (): boolean => this.#stopping !== undefined;
    const parts = { settings: this.#settings, node: this.node, state: this.state, dir: this.#dir };
    return publish({ ...parts, stopping }, this.#identity);
  }
}
