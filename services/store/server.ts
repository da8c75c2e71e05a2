import type { RequestListener } from 'node:http';
import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Timer } from '#shared/clock';
import { noNode, type RaftStatus, type SoftState } from '#shared/raft';
import { DataDir } from '#shared/storage';
import { RaftNode } from './consensus/node.ts';
import { storeErrors } from './errors.ts';
import { askCluster } from './grpc/ask-cluster.ts';
import { type ClientServer, createClientServer } from './grpc/client-server.ts';
import { contractVersion } from './grpc/maintenance.ts';
import { GrpcPeerTransport } from './grpc/peer-transport.ts';
import { ClientDoor } from './http/door.ts';
import { found } from './member/found.ts';
import { type Identity, writeIdentity } from './member/identity.ts';
import type { Member } from './member/member.ts';
import { refusals } from './member/refusal.ts';
import { hostPort, type Settings, type StoreOptions, settle } from './options.ts';
import type { Serving } from './serve/context.ts';
import { Quota } from './serve/quota.ts';
import { createInProcessClient, ProgressRequests } from './serve/in-process-client.ts';
import { Kv } from './serve/kv.ts';
import { Leases } from './serve/leases.ts';
import { Membership } from './serve/membership.ts';
import { Counters } from './metrics/counters.ts';
import { StateMachine } from './state/state-machine.ts';
import type { ClusterView } from './wire/cluster.ts';
import { OpenWatchStreams } from './watch/watch-streams.ts';

export interface StoreStatus {
  readonly memberId: number;
  readonly clusterId: number;
  readonly name: string;
  readonly revision: number;
  readonly members: readonly Member[];
  readonly raft: RaftStatus;
}

export interface Store {
  /** Resolves when the ports are open and the state is loaded; a leader may still be missing. */
  start(): Promise<void>;
  /** Hands leadership over, ends all calls, and leaves everything flushed. */
  stop(): Promise<void>;
  /** The etcd contract without a wire; answers `unavailable` while the store is not started. */
  readonly kv: KvClient;
  status(): StoreStatus;
  /** Resolves as soon as this member knows a leader. */
  leaderKnown(timeoutMs: number): Promise<void>;
}

/** One member of the store. */
export function createStore(options: StoreOptions): Store {
  const settings = settle(options);
  let running: Running | undefined;
  const started = (): Running => {
    if (!running) throw storeErrors.stopped();
    return running;
  };
  return {
    async start() {
      const dir = await DataDir.open(settings.dataDir);
      try {
        const identity = await found(settings, dir, (url) => askCluster(hostPort(url)));
        running = new Running(settings, dir, identity);
        await running.listen();
      } catch (thrown) {
        await running?.stop();
        running = undefined;
        await dir.close();
        throw thrown;
      }
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    kv: {
      range: async (request) => started().kv.range(request),
      put: async (request) => started().kv.put(request),
      deleteRange: async (request) => started().kv.deleteRange(request),
      txn: async (request) => started().kv.txn(request),
      compact: async (revision) => started().kv.compact(revision),
      watch: (request, handler) => started().kv.watch(request, handler),
      leaseGrant: async (request) => started().kv.leaseGrant(request),
      leaseRevoke: async (id) => started().kv.leaseRevoke(id),
      leaseKeepAlive: async (id) => started().kv.leaseKeepAlive(id),
      close: () => Promise.resolve(),
    },
    status: () => started().status(),
    leaderKnown: (timeoutMs) => started().leaderKnown(timeoutMs),
  };
}

/** Events of history read per slice for watches that catch up. */
const syncEvents = 500;
const compactionKeysPerStep = 200;
const leaveMs = 1000;
/** etcd cancels what requires a leader after three elections without one. */
const electionsWithoutLeader = 3;

class Running {
  readonly kv: KvClient;
  readonly #settings: Settings;
  readonly #dir: DataDir;
  #identity: Identity;
  readonly #transport: GrpcPeerTransport;
  readonly #state: StateMachine;
  readonly #node: RaftNode;
  readonly #quota: Quota;
  readonly #leases: Leases;
  readonly #membership: Membership;
  readonly #watches: OpenWatchStreams;
  readonly #progress = new ProgressRequests();
  readonly #counters = new Counters();
  readonly #clientServer: ClientServer;
  readonly #door: ClientDoor;
  readonly #timers: Timer[] = [];
  #compaction: Generator<void, void> | undefined;
  #leaderlessSinceMs: number | undefined;
  #leaving = false;
  #stopping: Promise<void> | undefined;

  constructor(settings: Settings, dir: DataDir, identity: Identity) {
    this.#settings = settings;
    this.#dir = dir;
    this.#identity = identity;
    const { clock, log, rng } = settings;
    this.#transport = new GrpcPeerTransport({
      id: identity.memberId,
      clusterId: identity.clusterId,
      incarnation: identity.incarnation,
      listen: settings.listenPeerUrls.map(hostPort),
      clock,
      log,
    });
    this.#state = new StateMachine(dir.backend, () => this.#membersChanged());
    this.#node = new RaftNode({
      id: identity.memberId,
      starts: identity.starts,
      storage: dir,
      transport: this.#transport,
      applier: {
        apply: (operation) => this.#state.apply(operation),
        replace: (backend) => {
          this.#compaction = undefined;
          this.#state.replace(backend);
          this.#leases.leaderChanged({ role: 'follower', leader: noNode });
        },
        idle: () => this.#idle(),
      },
      clock,
      rng,
      log,
      timing: settings,
      snapshotCount: settings.snapshotCount,
      catchUpEntries: settings.snapshotCatchUpEntries,
      maxRequestBytes: settings.maxRequestBytes,
      leaderChanged: (softState) => this.#leaderChanged(softState),
      logWritten: (ms) => this.#counters.walFsync.observe(ms),
      backendFlushed: (ms) => this.#counters.backendCommit.observe(ms),
      fatal: (error) => this.#fatal(error),
    });
    const serving = this.#serving();
    this.#quota = new Quota(serving, {
      bytes: settings.quotaBackendBytes,
      autoDisarm: settings.quotaAutoDisarm,
      log,
    });
    const kv = new Kv(serving, this.#quota);
    this.#leases = new Leases(serving, this.#quota, settings.electionMs);
    this.#membership = new Membership(serving);
    this.#watches = new OpenWatchStreams(serving);
    this.kv = createInProcessClient(serving, kv, this.#leases, this.#progress);
    this.#clientServer = createClientServer({
      serving,
      kv,
      client: this.kv,
      leases: this.#leases,
      membership: this.#membership,
      watches: this.#watches,
      gate: { hasLeader: () => this.#hasLeader(), isLearner: () => this.#isLearner() },
      backendBytes: () => dir.backendBytes(),
    });
    this.#door = new ClientDoor({
      grpc: this.#clientServer.inject,
      http: () => this.#httpListener(serving),
    });
    this.#leaderlessSinceMs = clock.monotonic();
    this.#timers.push(clock.every(settings.electionMs / 2, () => this.#endLeaderless()));
  }

  async listen(): Promise<void> {
    const { log, listenClientUrls, listenPeerUrls } = this.#settings;
    const node = this.#node;
    await this.#transport.start({
      receive: (messages) => node.receive(messages),
      receiveSnapshot: (message, chunks) => node.receiveSnapshot(message, chunks),
      connected: (id) => node.connected(id),
      disconnected: (id) => node.disconnected(id),
      unreachable: (id) => node.unreachable(id),
      leaderLease: (request) => this.#leases.asLeader(request),
      changeMembers: (change) => this.#membership.asLeader(change),
      cluster: () => this.#clusterView(),
      admit: (id, incarnation) => this.#admit(id, incarnation),
      refused: (error) => this.#leave(error),
    });
    this.#membersChanged();
    for (const url of listenClientUrls) await this.#door.listen(hostPort(url));
    const { memberId, clusterId, name } = this.#identity;
    log.info({ name, memberId, clusterId, listenClientUrls, listenPeerUrls }, 'store is listening');
    void this.#publish();
  }

  status(): StoreStatus {
    const { memberId, clusterId, name } = this.#identity;
    return {
      memberId,
      clusterId,
      name,
      revision: this.#state.mvcc.revision,
      members: [...this.#state.members.values()],
      raft: this.#node.status(),
    };
  }

  async leaderKnown(timeoutMs: number): Promise<void> {
    const { clock } = this.#settings;
    const deadline = clock.monotonic() + timeoutMs;
    while (this.#node.leader === noNode) {
      if (clock.monotonic() > deadline) {
        throw new QuorateError('unavailable', 'etcdserver: no leader');
      }
      await clock.sleep(5);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#handOver();
    this.#halt();
    await this.#node.stop();
    await this.#transport.stop();
    await this.#dir.close();
  }

  #halt(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#leases.stop();
    this.#quota.stop();
    this.#watches.stop();
    this.#door.close();
    this.#clientServer.server.forceShutdown();
  }

  /** A leader that stops on purpose costs its cluster no election timeout. */
  async #handOver(): Promise<void> {
    const { clock, electionMs } = this.#settings;
    const { role, id, progress } = this.#node.status();
    if (role !== 'leader') return;
    const best = progress
      .filter((member) => member.id !== id && !member.learner && member.recentActive)
      .sort((a, b) => b.match - a.match)[0];
    if (!best || !this.#node.transferLeadership(best.id)) return;
    const deadline = clock.monotonic() + electionMs;
    while (this.#node.leads && clock.monotonic() < deadline) await clock.sleep(5);
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
    this.#node.abandon();
    try {
      await this.#transport.stop();
      await this.#dir.close();
    } catch (thrown) {
      log.warn({ error: String(thrown) }, 'could not close everything');
    }
    onFatal?.(error);
  }

  /** Loaded when it is first asked for: most members serve nothing but gRPC. */
  async #httpListener(serving: Serving): Promise<RequestListener> {
    const { createHttpListener } = await import('./http/serve.ts');
    const { find, methods, inject } = this.#clientServer;
    return createHttpListener({
      serving,
      version: contractVersion,
      counters: this.#counters,
      methods,
      find,
      loopback: inject,
      maxRequestBytes: serving.limits.maxRequestBytes,
      quotaBytes: this.#settings.quotaBackendBytes,
      grpcBytes: () => this.#door.grpcBytes,
      backendBytes: () => this.#dir.backendBytes(),
      openWatchStreams: () => this.#watches.size,
      read: (serializable) => this.kv.range({ key: 'health', keysOnly: true, serializable }),
      hasLeader: () => serving.node.leader !== noNode,
      isLearner: () => this.#isLearner(),
      alarms: () => serving.state.alarms.all.map(({ alarm }) => alarm.toUpperCase()),
    });
  }

  #serving(): Serving {
    const { clock, rng, maxRequestBytes, maxTxnOps, electionMs } = this.#settings;
    return {
      memberId: this.#identity.memberId,
      clusterId: this.#identity.clusterId,
      node: this.#node,
      state: this.#state,
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
      },
      handOver: () => this.#handOver(),
    };
  }

  #membersChanged(): void {
    const { memberId } = this.#identity;
    const { members, removed } = this.#state.table;
    if (removed.has(memberId)) this.#leave(refusals.removed(memberId));
    const peers = new Map<number, string[]>();
    for (const { id, name, peerUrls } of members.values()) {
      // What this start was told may be newer than what its member could tell before it went.
      const told = this.#settings.initialCluster[name];
      const urls = new Set(told === undefined ? peerUrls : [told, ...peerUrls]);
      if (id !== memberId) peers.set(id, [...urls].map(hostPort));
    }
    this.#transport.setPeers(peers);
  }

  #clusterView(): ClusterView {
    const { members, removed } = this.#state.table;
    return { id: this.#identity.clusterId, members: [...members.values()], removed: [...removed] };
  }

  #admit(id: number, incarnation: number): void {
    const { members, removed } = this.#state.table;
    if (removed.has(id)) throw refusals.removed(id);
    const known = members.get(id);
    // One that is not known here yet may have been added a moment ago.
    if (!known || known.incarnation === 0 || known.incarnation === incarnation) return;
    throw refusals.bootstrapped(id, known.name, known.peerUrls[0] ?? '');
  }

  /** No part of the cluster any more. Whoever asked for that shall still get an answer, as in etcd. */
  #leave(error: Error): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#node.abandon();
    this.#timers.push(this.#settings.clock.after(leaveMs, () => this.#fatal(error)));
  }

  #idle(): boolean {
    const { hub, mvcc } = this.#state;
    let more = hub.unsyncedSize > 0 && hub.syncSlice(syncEvents);
    this.#watches.answerProgress();
    this.#progress.look();
    if (mvcc.compactionPending || this.#compaction) {
      this.#compaction ??= mvcc.compactionSteps(compactionKeysPerStep);
      if (this.#compaction.next().done) this.#compaction = undefined;
      else more = true;
    }
    return more;
  }

  #leaderChanged(softState: SoftState): void {
    const { log, clock } = this.#settings;
    const { leader, role } = softState;
    log.info({ role, leader, term: this.#node.term }, leader === noNode ? 'no leader' : 'leader');
    this.#leaderlessSinceMs = leader === noNode ? clock.monotonic() : undefined;
    this.#leases.leaderChanged(softState);
  }

  #hasLeader(): boolean {
    if (this.#leaderlessSinceMs === undefined) return true;
    const { clock, electionMs } = this.#settings;
    return clock.monotonic() - this.#leaderlessSinceMs < electionsWithoutLeader * electionMs;
  }

  #isLearner(): boolean {
    return this.#state.members.get(this.#identity.memberId)?.learner === true;
  }

  #endLeaderless(): void {
    if (!this.#hasLeader()) this.#watches.leaderLost();
  }

  /** Tells the others where this member is, as soon as somebody leads; as etcd's publish. */
  async #publish(): Promise<void> {
    const { log, clock, electionMs } = this.#settings;
    while (this.#stopping === undefined) {
      const known = this.#state.members.get(this.#identity.memberId);
      if (!known) return;
      const member = this.#described(known);
      if (JSON.stringify(member) === JSON.stringify(known)) return;
      try {
        await this.#node.propose({ type: 'publish-member', member });
        this.#identity = { ...this.#identity, peerUrls: this.#settings.initialAdvertisePeerUrls };
        await writeIdentity(this.#dir, this.#identity);
      } catch (thrown) {
        log.debug({ error: String(thrown) }, 'could not publish this member yet');
        await clock.sleep(electionMs);
      }
    }
  }

  /** An address that the members agreed on stays, unless the flags have changed since. */
  #described(known: Member): Member {
    const { name, advertiseClientUrls, initialAdvertisePeerUrls } = this.#settings;
    const { incarnation, peerUrls } = this.#identity;
    const moved = initialAdvertisePeerUrls.join() !== peerUrls.join();
    return {
      ...known,
      name,
      peerUrls: moved ? initialAdvertisePeerUrls : known.peerUrls,
      clientUrls: advertiseClientUrls,
      incarnation,
    };
  }
}
