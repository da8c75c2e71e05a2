import type { AutoCompactionSettings } from '#services/store';
import type { TailSizes } from '#shared/storage';
import type { Span } from '../world/machine.ts';
import type { SnapshotTrouble, Weather } from '../world/network.ts';

/** Whom a fault is about: the leader of its moment, who came last, or the so many-th member that there is. */
export type Target = 'leader' | 'newest' | number;

/** Which way a cut goes, as whoever is cut off sees it. */
export type Direction = 'in' | 'out' | 'both';

/** Something that ends after `forMs`. */
export type Lasting<Kind extends string, What = unknown> = Readonly<
  { kind: Kind; forMs: number } & What
>;

interface Whom {
  target: Target;
}

/** Something that is done to the cluster. */
export type Fault = { readonly atMs: number } & (
  | Lasting<'kill' | 'power' | 'pause', Whom>
  | Lasting<'full-disk' | 'bit-rot', Whom>
  | Lasting<'power-all' | 'kill-all'>
  /** Dies with its next log write under way. */
  | Lasting<'die-writing', Whom & { power: boolean }>
  /** Dies as the next snapshot that it gets takes the place of everything. */
  | Lasting<'die-installing', Whom & { power: boolean }>
  /** Dies as soon as it has sent so many messages more: what it had to say reaches only some. */
  | Lasting<'die-sending', Whom & { messages: number }>
  | Lasting<'isolate', Whom & { direction: Direction }>
  /** Cut off from all others, in both directions, just before it sends an entry. */
  | Lasting<'cut-at-entry', Whom>
  /** What it is sent takes so much longer, what it sends does not. */
  | Lasting<'hears-late', Whom & { byMs: number }>
  /** Bit i says on which side the i-th member is. */
  | Lasting<'partition', { sides: number; oneWay: boolean }>
  | Lasting<'weather', { weather: Weather }>
  /** The leader, with so many that came last or are just coming, is cut off from all others. */
  | Lasting<'part-newest', { newest: number }>
  /** The same, once the leader has taken its next membership change into use, and before others hear of it. */
  | Lasting<'part-at-change', { newest: number }>
  /** The next leader is asked for a member at once, and cut off with the newest as soon as it has it. */
  | Lasting<'add-at-election', { newest: number }>
  /** What carries entries gets lost, all the rest arrives: as where large packets vanish. */
  | Lasting<'black-hole'>
  /** The leader is not heard until another one asks for votes, who then is not heard for so long. */
  | Lasting<'lost-election', { target: 'leader' }>
  | Lasting<'snapshots', { how: SnapshotTrouble }>
  /** Each look at the clock takes so long, as where the processor is busy with others. */
  | Lasting<'slow-process', Whom & { lookMs: number }>
  | Lasting<'slow-disk', Whom & { factor: number }>
  | Lasting<'drift', Whom & { rate: number }>
  /** Connections break: all of them, or only the one that the target has to another. */
  | { readonly kind: 'reset'; readonly target: Target; readonly to?: Target | undefined }
  | { readonly kind: 'jump'; readonly target: Target; readonly byMs: number }
  | { readonly kind: 'transfer' | 'remove'; readonly target: Target }
  /** So many members at once, each as if there were no other. Absent: one. */
  | { readonly kind: 'add'; readonly learner: boolean; readonly count?: number | undefined }
  | { readonly kind: 'promote' }
);

export type FaultKind = Fault['kind'];

/** One step of a client, taken `afterMs` after the one before it was answered. */
export interface Step {
  readonly afterMs: number;
  readonly kind: StepKind;
  /** Which key, lease or member, as the kind has it. */
  readonly pick: number;
}

export type StepKind =
  | 'put'
  | 'put-prev'
  | 'put-large'
  | 'get'
  | 'get-part'
  | 'compare'
  | 'list'
  | 'get-serializable'
  | 'get-past'
  | 'query'
  | 'delete'
  | 'delete-all'
  | 'swap'
  | 'txn'
  | 'grant'
  | 'grant-again'
  | 'put-leased'
  | 'put-others'
  | 'keep-alive'
  | 'keep-others'
  | 'time-left'
  | 'revoke'
  | 'compact'
  | 'watch'
  | 'watch-part'
  | 'watch-slow'
  | 'unwatch'
  | 'move'
  | 'odd'
  | 'change-many'
  | 'ask-many'
  | 'watch-stream'
  | 'clean-up'
  | 'alarm'
  | 'disarm'
  | 'found-users'
  | 'change-users'
  | 'update-member'
  | 'defragment'
  | 'lock'
  | 'campaign'
  | 'observe';

/** Of the production settings, those that make rare things happen. Absent: as in production. */
export interface StoreSettings {
  readonly quotaBackendBytes?: number;
  readonly corruptCheckMs?: number;
  readonly compactHashCheckMs?: number;
  readonly initialCorruptCheck?: boolean;
  readonly leaseCheckpointMs?: number;
  readonly compactionBatchLimit?: number;
  readonly watchProgressNotifyMs?: number;
  /** Also of what a watch is sent at a time. */
  readonly maxRequestBytes?: number;
  readonly maxUncommittedBytes?: number;
  readonly autoCompaction?: AutoCompactionSettings;
  /** Of history that is read at a time for watches that catch up. */
  readonly syncEvents?: number;
  /** Of values that are kept decoded. */
  readonly cacheBytes?: number;
  /** Of the log, what is kept in memory: the rest is read from the disk. */
  readonly logTail?: TailSizes;
}

export interface Plan {
  /** Of everything that is not said here. */
  readonly seed: number;
  /** How fast everything goes, in a word; for the summary. Absent: made by hand. */
  readonly pace?: string | undefined;
  readonly members: number;
  /** The unit that members count their timeouts in. Absent: as in production. */
  readonly tickMs?: number | undefined;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly strictReconfigCheck: boolean;
  /** 1: each entry travels by itself. Absent: as usual. */
  readonly maxMessageBytes?: number | undefined;
  readonly snapshotCount: number;
  readonly snapshotCatchUpEntries: number;
  readonly store?: StoreSettings | undefined;
  /** Who each client is; absent: nobody in particular. */
  readonly users?: readonly string[] | undefined;
  readonly syncMs: Span;
  readonly weather: Weather;
  /** How long things go wrong; then everything heals. */
  readonly safetyMs: number;
  /** In the end, when all is well, one member more dies. Absent: nobody does. */
  readonly bereaved?: boolean | undefined;
  readonly faults: readonly Fault[];
  readonly clients: readonly (readonly Step[])[];
}
