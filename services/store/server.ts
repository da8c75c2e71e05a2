import { randomInt } from 'node:crypto';
import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import { faultyMedium } from '#shared/faults';
import { noNode, type RaftStatus } from '#shared/raft';
import { heapUse } from '#shared/runtime';
import { DataDir, systemMedium } from '#shared/storage';
import { trusted } from './auth/caller.ts';
import { JwtTokens } from './auth/jwt-tokens.ts';
import { Passwords } from './auth/passwords.ts';
import { SimpleTokens } from './auth/simple-tokens.ts';
import type { TokenProvider } from './auth/tokens.ts';
import { storeErrors } from './errors.ts';
import { refuseEtcdData } from './etcd-backup/refuse-etcd-data.ts';
import { pointsInState, pointsInStorage } from './faults/points.ts';
import { FaultyTransport } from './faults/transport.ts';
import { callersBy } from './grpc/callers.ts';
import { type ClientServer, createClientServer } from './grpc/client-server.ts';
import { contractVersion } from './grpc/maintenance.ts';
import { databaseBytes } from './state/space.ts';
import { defragment } from './serve/defragment.ts';
import { isSecure } from './address.ts';
import { Ports } from './http/ports.ts';
import { MemberHost } from './host.ts';
import { forceNewCluster } from './member/force-new.ts';
import { found } from './member/found.ts';
import type { Identity } from './member/identity.ts';
import type { Member } from './member/member.ts';
import { hexId } from './member/shown-id.ts';
import type { HttpListeners } from './http/serve.ts';
import { type Settings, type StoreOptions, settle } from './options.ts';
import { askCluster } from './peers/ask-cluster.ts';
import { overTls, type PeerSecurity } from './peers/security.ts';
import { TcpPeerTransport } from './peers/tcp-peer-transport.ts';
import { Auth } from './serve/auth.ts';
import type { Serving } from './serve/context.ts';
import type { TlsIdentity } from './tls/identity.ts';
import { Rejections } from './tls/rejections.ts';
import { openClientTls, openPeerTls } from './tls/open.ts';
import { Counters } from './metrics/counters.ts';

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
  /** Ends it as a crash would: nothing is handed over, nothing is flushed. */
  crash(): Promise<void>;
  /**
   * The etcd contract without a wire; answers `unavailable` while the store is not started. It may do
   * everything, also while auth is enabled: who can call it is in the store's own process.
   */
  readonly kv: KvClient;
  status(): StoreStatus;
  /** Resolves as soon as this member knows a leader. */
  leaderKnown(timeoutMs: number): Promise<void>;
}

/** One member of the store. */
export function createStore(options: StoreOptions): Store {
  const settings = settle(options);
  const { faults } = settings;
  const medium = faults && faultyMedium(systemMedium, faults);
  let running: Running | undefined;
  const started = (): Running => {
    if (!running) throw storeErrors.stopped();
    return running;
  };
  return {
    async start() {
      refuseEtcdData(settings.dataDir);
      const dir = await DataDir.open(settings.dataDir, medium);
      if (faults) pointsInStorage(faults, dir);
      try {
        const security = overTls(
          await openPeerTls(settings),
          new Rejections(settings.log, settings.clock, 'peer'),
        );
        const identity = await found(settings, dir, (url) =>
          askCluster(url, security, settings.clock),
        );
        if (settings.forceNewCluster) await forceNewCluster(settings, dir, identity);
        const clientTls = await openClientTls(settings);
        running = new Running(settings, dir, identity, { clientTls, security });
        settings.onLoaded?.();
        await running.listen();
      } catch (thrown) {
        // It closes its directory with itself.
        await (running ?? { stop: () => dir.close() }).stop();
        running = undefined;
        throw thrown;
      }
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    async crash() {
      await running?.crash();
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

/** Who this member is to others, and how it knows them. */
interface Secured {
  readonly clientTls: TlsIdentity | undefined;
  readonly security: PeerSecurity;
}

/** A member that listens: its host, and its doors for peers and clients. */
class Running {
  readonly #settings: Settings;
  readonly #dir: DataDir;
  readonly #identity: Identity;
  readonly #host: MemberHost;
  readonly #peers: TcpPeerTransport;
  readonly kv: KvClient;
  readonly #counters = new Counters();
  readonly #clientServer: ClientServer;
  /** Of client certificates. */
  readonly #namesCount: () => boolean;
  readonly #ports: Ports;
  #http: Promise<HttpListeners> | undefined;

  constructor(
    settings: Settings,
    dir: DataDir,
    identity: Identity,
    { clientTls, security }: Secured,
  ) {
    this.#settings = settings;
    this.#dir = dir;
    this.#identity = identity;
    const { clock, log, faults } = settings;
    const peers = new TcpPeerTransport({
      id: identity.memberId,
      clusterId: identity.clusterId,
      incarnation: identity.incarnation,
      listen: settings.listenPeerUrls,
      advertise: settings.initialAdvertisePeerUrls,
      security,
      clock,
      log,
    });
    const nameOf = (id: number): string => this.#host.state.members.get(id)?.name ?? '';
    const transport = faults ? new FaultyTransport(peers, faults, nameOf) : peers;
    const tokens = this.#newTokens();
    const host = new MemberHost({
      settings,
      dir,
      identity,
      transport,
      tokens,
      counters: this.#counters,
      slowApply: (operation, ms) => {
        this.#counters.slowApplies++;
        log.warn({ operation, ms: Math.round(ms) }, 'apply request took too long');
      },
      heap: heapUse,
      halted: () => {
        this.#ports.close();
        this.#clientServer.server.forceShutdown();
      },
    });
    this.#host = host;
    this.#peers = peers;
    if (faults) pointsInState(faults, host.state);
    this.kv = host.clientFor(trusted);
    const { serving, kv, leases, membership, watches } = host;
    const auth = new Auth(serving, tokens, new Passwords(settings.bcryptCost), log);
    const named = clientTls?.options.clientCertAuth === true;
    this.#namesCount = () => named && auth.enabled;
    this.#clientServer = createClientServer({
      serving,
      kv,
      clientFor: (caller) => host.clientFor(caller),
      auth,
      leases,
      membership,
      watches,
      gate: {
        hasLeader: () => host.node.leader !== noNode,
        untilLeaderLost: (end) => host.leader.untilLost(end),
        isLearner: () => host.isLearner(),
        callerOf: callersBy(auth, named),
        authority: () => host.state.authority,
      },
      databaseBytes: () => this.#databaseBytes(),
      connections: settings,
      timing: {
        clock,
        histograms: settings.extensiveMetrics,
        warningMs: settings.warningCallMs,
        slow: (method, ms) => log.warn({ method, ms: Math.round(ms) }, 'request stats'),
      },
    });
    this.#ports = new Ports({
      ...settings,
      tls: clientTls,
      grpc: this.#clientServer.inject,
      http: async () => (await this.#httpListeners(serving)).client,
      metrics: async () => (await this.#httpListeners(serving)).metrics,
    });
  }

  #newTokens(): TokenProvider {
    const { clock, authToken } = this.#settings;
    if (authToken.kind === 'jwt') return new JwtTokens(authToken, clock);
    return new SimpleTokens({
      clock,
      ttlSeconds: authToken.ttlSeconds,
      randomInt: (max) => randomInt(max),
      appliedIndex: () => this.#host.node.backend.applied.index,
      caughtUp: () => this.#host.node.linearizable(),
    });
  }

  async listen(): Promise<void> {
    const { log, listenClientUrls, listenPeerUrls } = this.#settings;
    await this.#host.start();
    await this.#defragment();
    await this.#ports.open();
    const { memberId, clusterId, name } = this.#identity;
    const ids = { memberId: hexId(memberId), clusterId: hexId(clusterId) };
    log.info({ name, ...ids, listenClientUrls, listenPeerUrls }, 'store is listening');
    void this.#announce();
  }

  async #databaseBytes(): Promise<number> {
    return databaseBytes(this.#host.node.backend.liveBytes, await this.#dir.backendBytes());
  }

  /** Where that is worth it: while nobody is served it disturbs nobody. */
  async #defragment(): Promise<void> {
    const { log, bootstrapDefragBytes } = this.#settings;
    if (bootstrapDefragBytes === 0) return;
    const { serving } = this.#host;
    const bytes = await this.#databaseBytes();
    const freeableBytes = bytes - serving.node.backend.liveBytes;
    if (freeableBytes >= bootstrapDefragBytes) await defragment(serving);
    else log.info({ bytes, freeableBytes, bootstrapDefragBytes }, 'Skipping defragmentation');
  }

  /** In etcd's words, for scripts and test containers wait for them. */
  async #announce(): Promise<void> {
    if (!(await this.#host.publish())) return;
    const { log, listenClientUrls } = this.#settings;
    log.info({ name: this.#identity.name }, 'published local member to cluster through raft');
    const clusterVersion = contractVersion.split('.', 2).join('.');
    log.info({ clusterVersion }, 'enabled capabilities for version');
    log.info({ addresses: listenClientUrls }, 'ready to serve client requests');
    for (const address of listenClientUrls) {
      const how = isSecure(address) ? 'securely' : 'insecurely; this is strongly discouraged!';
      log.info({ address }, `serving client traffic ${how}`);
    }
  }

  crash(): Promise<void> {
    return this.#host.crash();
  }

  status(): StoreStatus {
    const { memberId, clusterId, name } = this.#identity;
    const { state, node } = this.#host;
    return {
      memberId,
      clusterId,
      name,
      revision: state.mvcc.revision,
      members: [...state.members.values()],
      raft: node.status(),
    };
  }

  async leaderKnown(timeoutMs: number): Promise<void> {
    const { clock } = this.#settings;
    const deadline = clock.monotonic() + timeoutMs;
    while (this.#host.node.leader === noNode) {
      if (clock.monotonic() > deadline) {
        throw new QuorateError('unavailable', 'etcdserver: no leader');
      }
      await clock.sleep(5);
    }
  }

  stop(): Promise<void> {
    return this.#host.stop();
  }

  /** Loaded when they are first asked for: most members serve nothing but gRPC. */
  #httpListeners(serving: Serving): Promise<HttpListeners> {
    this.#http ??= this.#loadHttp(serving);
    return this.#http;
  }

  async #loadHttp(serving: Serving): Promise<HttpListeners> {
    const { createHttpListeners } = await import('./http/serve.ts');
    const { find, methods, inject } = this.#clientServer;
    return createHttpListeners({
      ...this.#settings,
      serving,
      version: contractVersion,
      methods,
      find,
      loopback: inject,
      namesCount: this.#namesCount,
      quotaBytes: this.#settings.quotaBackendBytes,
      grpcBytes: () => this.#ports.grpcBytes,
      databaseBytes: () => this.#databaseBytes(),
      logBytes: () => this.#dir.log.writtenBytes,
      peers: () => this.#peers.traffic,
      openWatchStreams: () => this.#host.watches.size,
      read: (serializable) => this.kv.range({ key: 'health', keysOnly: true, serializable }),
      hasLeader: () => serving.node.leader !== noNode,
      isLearner: () => this.#host.isLearner(),
      alarms: () => serving.state.alarms.all.map(({ alarm }) => alarm.toUpperCase()),
    });
  }
}
