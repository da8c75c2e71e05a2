import type { Span } from '../world/machine.ts';
import type { SnapshotTrouble, Weather } from '../world/network.ts';

/** Whom a fault is about: the leader of its moment, who came last, or the so many-th member that there is. */
export type Target = 'leader' | 'newest' | number;

/** Something that is done to the cluster. What lasts ends after `forMs`. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'kill' | 'power'; readonly target: Target; readonly forMs: number }
  | { readonly kind: 'power-all' | 'kill-all'; readonly forMs: number }
  /** Dies with its next log write under way. */
  | {
      readonly kind: 'die-writing';
      readonly target: Target;
      readonly power: boolean;
      readonly forMs: number;
    }
  /** Dies as soon as it has sent so many messages more: what it had to say reaches only some. */
  | {
      readonly kind: 'die-sending';
      readonly target: Target;
      readonly messages: number;
      readonly forMs: number;
    }
  | { readonly kind: 'pause'; readonly target: Target; readonly forMs: number }
  | {
      readonly kind: 'isolate';
      readonly target: Target;
      readonly direction: 'in' | 'out' | 'both';
      readonly forMs: number;
    }
  /** What it is sent takes so much longer, what it sends does not. */
  | {
      readonly kind: 'hears-late';
      readonly target: Target;
      readonly byMs: number;
      readonly forMs: number;
    }
  /** Bit i says on which side the i-th member is. */
  | {
      readonly kind: 'partition';
      readonly sides: number;
      readonly oneWay: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'weather'; readonly weather: Weather; readonly forMs: number }
  /** The leader, with so many that came last or are just coming, is cut off from all others. */
  | { readonly kind: 'part-newest'; readonly newest: number; readonly forMs: number }
  /** The same, once the leader has taken its next membership change into use, and before others hear of it. */
  | { readonly kind: 'part-at-change'; readonly newest: number; readonly forMs: number }
  /** What carries entries gets lost, all the rest arrives: as where large packets vanish. */
  | { readonly kind: 'black-hole'; readonly forMs: number }
  /** Connections break: all of them, or only the one that the target has to another. */
  | { readonly kind: 'reset'; readonly target: Target; readonly to?: Target | undefined }
  /** The leader is not heard until another one asks for votes, who then is not heard for so long. */
  | { readonly kind: 'lost-election'; readonly target: 'leader'; readonly forMs: number }
  /** The next leader is asked for a member at once, and cut off with the newest as soon as it has it. */
  | { readonly kind: 'add-at-election'; readonly newest: number; readonly forMs: number }
  | { readonly kind: 'snapshots'; readonly how: SnapshotTrouble; readonly forMs: number }
  /** Each look at the clock takes so long, as where the processor is busy with others. */
  | {
      readonly kind: 'slow-process';
      readonly target: Target;
      readonly lookMs: number;
      readonly forMs: number;
    }
  | {
      readonly kind: 'slow-disk';
      readonly target: Target;
      readonly factor: number;
      readonly forMs: number;
    }
  | { readonly kind: 'full-disk'; readonly target: Target; readonly forMs: number }
  | { readonly kind: 'bit-rot'; readonly target: Target; readonly forMs: number }
  | { readonly kind: 'jump'; readonly target: Target; readonly byMs: number }
  | {
      readonly kind: 'drift';
      readonly target: Target;
      readonly rate: number;
      readonly forMs: number;
    }
  | { readonly kind: 'transfer'; readonly target: Target }
  /** So many members at once, each as if there were no other. Absent: one. */
  | { readonly kind: 'add'; readonly learner: boolean; readonly count?: number | undefined }
  | { readonly kind: 'promote' }
  | { readonly kind: 'remove'; readonly target: Target }
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
  | 'put-leased'
  | 'keep-alive'
  | 'keep-others'
  | 'time-left'
  | 'revoke'
  | 'compact'
  | 'watch'
  | 'watch-part'
  | 'watch-slow'
  | 'unwatch'
  | 'move';

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
  readonly syncMs: Span;
  readonly weather: Weather;
  /** How long things go wrong; then everything heals. */
  readonly safetyMs: number;
  readonly faults: readonly Fault[];
  readonly clients: readonly (readonly Step[])[];
}
