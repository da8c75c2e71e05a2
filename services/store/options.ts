import { QuorateError, type Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { FaultPlane } from '#shared/faults';
import type { Logger } from '#shared/runtime';
import { asUrl } from './address.ts';
import type { TlsOptions } from './tls/options.ts';
import { parseTokenOptions, type TokenOptions } from './auth/token-options.ts';

/** Peer URLs by name, at least one each. */
export type InitialCluster = Readonly<Record<string, readonly string[]>>;

/** How one member is started; names and meanings are those of etcd's flags. */
export interface StoreOptions {
  readonly name: string;
  readonly dataDir: string;
  /** `http://host:port` (or `host:port`), `https://…`, `unix://path`, `unixs://…`, each. */
  readonly listenClientUrls: readonly string[];
  /** Default: the listened ones. */
  readonly advertiseClientUrls?: readonly string[] | undefined;
  readonly listenPeerUrls: readonly string[];
  readonly initialAdvertisePeerUrls?: readonly string[] | undefined;
  /**
   * Every member's name and peer URLs. It founds the cluster at the first start; afterwards it only
   * says where the members of these names are now.
   */
  readonly initialCluster: InitialCluster;
  /** `existing`: with an empty directory this member must find its place in a cluster. Default `new`. */
  readonly initialClusterState?: 'new' | 'existing' | undefined;
  /** Keeps clusters with equal members apart. Default `etcd-cluster`. */
  readonly initialClusterToken?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rng: Rng;
  /** Default 100. */
  readonly heartbeatMs?: number | undefined;
  /** Default 1000; at least five heartbeats. */
  readonly electionMs?: number | undefined;
  /** Entries between two compactions of the raft log. Default 10,000. */
  readonly snapshotCount?: number | undefined;
  /** Entries kept behind a compaction for slow members. Default 5,000. */
  readonly snapshotCatchUpEntries?: number | undefined;
  /** Default 1.5 MiB. */
  readonly maxRequestBytes?: number | undefined;
  /** Of one message between members. Default 512 KiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Of a leader's proposals that are not committed. Default 64 MiB. */
  readonly maxUncommittedBytes?: number | undefined;
  /** Default 128. */
  readonly maxTxnOps?: number | undefined;
  /** Default ten minutes. */
  readonly watchProgressNotifyMs?: number | undefined;
  /** Of live data. Default 2 GiB; negative: none. */
  readonly quotaBackendBytes?: number | undefined;
  /** The NOSPACE alarm goes by itself when there is space again. Default true; etcd: false. */
  readonly quotaAutoDisarm?: boolean | undefined;
  /** Refuse membership changes that put a quorum at risk. Default true. */
  readonly strictReconfigCheck?: boolean | undefined;
  /** Default 1. */
  readonly maxLearners?: number | undefined;
  /** With data of a cluster that is lost: begin a new one of this member alone. Default false. */
  readonly forceNewCluster?: boolean | undefined;
  /** For HTTP/1 alone; without them it shares `listenClientUrls`. */
  readonly listenClientHttpUrls?: readonly string[] | undefined;
  /** Further ones for metrics and health. */
  readonly listenMetricsUrls?: readonly string[] | undefined;
  /** Adds how long calls take. Default false. */
  readonly extensiveMetrics?: boolean | undefined;
  /** Default true. */
  readonly enableGrpcGateway?: boolean | undefined;
  /** Origins whose pages may ask over HTTP/1; `*`, the default: all. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Host names that HTTP/1 requests may be for; `*`, the default: all. */
  readonly hostWhitelist?: readonly string[] | undefined;
  /** That each client may open at a time. Default: no limit. */
  readonly maxConcurrentStreams?: number | undefined;
  /** How often a client is pinged (0: never), and how long its answer may take. Default 2 h, 20 s. */
  readonly keepaliveMs?: number | undefined;
  readonly keepaliveTimeoutMs?: number | undefined;
  readonly autoCompaction?: AutoCompactionSettings | undefined;
  /** Compare the data with the other members' before serving. Default false. */
  readonly initialCorruptCheck?: boolean | undefined;
  /** How often the leader compares all data, and what compactions left. Default 0: never. */
  readonly corruptCheckMs?: number | undefined;
  readonly compactHashCheckMs?: number | undefined;
  /** What is left of leases longer than this is replicated as often. Default Infinity: never. */
  readonly leaseCheckpointMs?: number | undefined;
  /** Keys that one step of a compaction visits. Default 200. */
  readonly compactionBatchLimit?: number | undefined;
  /** Applying, and calls, that take longer are logged. Default 100 and 300; 0: never. */
  readonly warningApplyMs?: number | undefined;
  readonly warningCallMs?: number | undefined;
  /** Defragment before serving where that frees at least as much. Default 0: never. */
  readonly bootstrapDefragBytes?: number | undefined;
  /** For the URLs that are https://. */
  readonly clientTls?: TlsOptions | undefined;
  readonly peerTls?: TlsOptions | undefined;
  /** How clients that authenticated show it. Default: simple tokens, 300 s. */
  readonly authToken?: TokenOptions | undefined;
  /** Of hashed passwords, 4 to 31. Default 10. */
  readonly bcryptCost?: number | undefined;
  /** Absent in production: then nothing of it is in the way of anything. */
  readonly faults?: FaultPlane | undefined;
  /** All is loaded, and nobody knows yet that this member is there. */
  readonly onLoaded?: (() => void) | undefined;
  /** The member has stopped itself: its disk cannot be trusted, or an invariant is broken. */
  readonly onFatal?: ((error: Error) => void) | undefined;
}

/** How much history is kept: of the last `periodMs`, or of the last `revisions`. */
export type AutoCompactionSettings =
  | { readonly mode: 'periodic'; readonly periodMs: number }
  | { readonly mode: 'revision'; readonly revisions: number };

/** Everything said, defaults filled in. */
export interface Settings extends StoreOptions {
  readonly advertiseClientUrls: readonly string[];
  readonly initialAdvertisePeerUrls: readonly string[];
  readonly initialClusterState: 'new' | 'existing';
  readonly initialClusterToken: string;
  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly snapshotCount: number;
  readonly snapshotCatchUpEntries: number;
  readonly maxRequestBytes: number;
  readonly maxTxnOps: number;
  readonly watchProgressNotifyMs: number;
  readonly strictReconfigCheck: boolean;
  readonly quotaBackendBytes: number;
  readonly quotaAutoDisarm: boolean;
  readonly maxLearners: number;
  readonly initialCorruptCheck: boolean;
  readonly corruptCheckMs: number;
  readonly compactHashCheckMs: number;
  readonly leaseCheckpointMs: number;
  readonly forceNewCluster: boolean;
  readonly listenClientHttpUrls: readonly string[];
  readonly listenMetricsUrls: readonly string[];
  readonly extensiveMetrics: boolean;
  readonly enableGrpcGateway: boolean;
  readonly corsOrigins: readonly string[];
  readonly hostWhitelist: readonly string[];
  readonly maxConcurrentStreams: number;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly compactionBatchLimit: number;
  readonly warningApplyMs: number;
  readonly warningCallMs: number;
  readonly bootstrapDefragBytes: number;
  readonly authToken: TokenOptions;
  readonly bcryptCost: number;
}

/** What a setting of HTTP/2 can say. */
const maxStreams = 2 ** 32 - 1;

export function settle(options: StoreOptions): Settings {
  const heartbeatMs = options.heartbeatMs ?? 100;
  const electionMs = options.electionMs ?? 1000;
  if (electionMs < 5 * heartbeatMs) {
    throw new QuorateError(
      'bad-request',
      `--election-timeout[${electionMs}ms] should be at least as 5 times as --heartbeat-interval[${heartbeatMs}ms]`,
    );
  }
  const listenClientUrls = options.listenClientUrls.map(asUrl);
  const listenPeerUrls = options.listenPeerUrls.map(asUrl);
  const initialCluster = Object.fromEntries(
    Object.entries(options.initialCluster).map(([name, urls]) => [name, urls.map(asUrl)]),
  );
  return {
    ...options,
    listenClientUrls,
    listenPeerUrls,
    initialCluster,
    advertiseClientUrls: options.advertiseClientUrls?.map(asUrl) ?? listenClientUrls,
    initialAdvertisePeerUrls: options.initialAdvertisePeerUrls?.map(asUrl) ?? listenPeerUrls,
    initialClusterState: options.initialClusterState ?? 'new',
    initialClusterToken: options.initialClusterToken ?? 'etcd-cluster',
    tickMs: Math.max(1, Math.min(10, Math.floor(heartbeatMs / 2))),
    heartbeatMs,
    electionMs,
    snapshotCount: options.snapshotCount ?? 10_000,
    snapshotCatchUpEntries: options.snapshotCatchUpEntries ?? 5000,
    maxRequestBytes: options.maxRequestBytes ?? 1.5 * 1024 * 1024,
    maxTxnOps: options.maxTxnOps ?? 128,
    watchProgressNotifyMs: options.watchProgressNotifyMs ?? 600_000,
    quotaBackendBytes: quotaOf(options.quotaBackendBytes ?? 0),
    quotaAutoDisarm: options.quotaAutoDisarm ?? true,
    strictReconfigCheck: options.strictReconfigCheck ?? true,
    maxLearners: options.maxLearners ?? 1,
    initialCorruptCheck: options.initialCorruptCheck ?? false,
    corruptCheckMs: options.corruptCheckMs ?? 0,
    compactHashCheckMs: options.compactHashCheckMs ?? 0,
    leaseCheckpointMs: options.leaseCheckpointMs ?? Infinity,
    forceNewCluster: options.forceNewCluster ?? false,
    listenClientHttpUrls: options.listenClientHttpUrls?.map(asUrl) ?? [],
    listenMetricsUrls: options.listenMetricsUrls?.map(asUrl) ?? [],
    extensiveMetrics: options.extensiveMetrics ?? false,
    enableGrpcGateway: options.enableGrpcGateway ?? true,
    corsOrigins: options.corsOrigins ?? ['*'],
    hostWhitelist: options.hostWhitelist ?? ['*'],
    maxConcurrentStreams: Math.min(options.maxConcurrentStreams ?? Infinity, maxStreams),
    keepaliveMs: options.keepaliveMs ?? 7_200_000,
    keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 20_000,
    compactionBatchLimit: Math.max(1, options.compactionBatchLimit ?? 200),
    warningApplyMs: options.warningApplyMs ?? 100,
    warningCallMs: options.warningCallMs ?? 300,
    bootstrapDefragBytes: options.bootstrapDefragBytes ?? 0,
    authToken: options.authToken ?? parseTokenOptions('simple'),
    bcryptCost: options.bcryptCost ?? 10,
  };
}

/** As etcd's flag: 0 is the default, and less than that no quota. */
function quotaOf(bytes: number): number {
  if (bytes < 0) return Infinity;
  return bytes || 2 * 1024 ** 3;
}
