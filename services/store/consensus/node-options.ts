import type { Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { NodeId, SoftState } from '#shared/raft';
import type { Logger } from '#shared/runtime';
import type { Operation } from '../wire/command.ts';
import type { AppliedCommand } from './apply-once.ts';
import type { CountSnapshot } from './snapshots.ts';
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
  /** Throws a QuorateError where the command is refused. `index`: of the operation's entry. */
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
  /** Of a leader's proposals that are not committed. Default 64 MiB; one is always taken. */
  readonly maxUncommittedBytes?: number | undefined;
  readonly leaderChanged: (softState: SoftState) => void;
  /** How long the disk took. */
  readonly logWritten?: (ms: number) => void;
  readonly backendFlushed?: (ms: number) => void;
  readonly applyTook?: (command: AppliedCommand, ms: number) => void;
  readonly countSnapshot?: CountSnapshot;
  /** The disk cannot be trusted any more, or an invariant is broken: this member must stop. */
  readonly fatal: (error: Error) => void;
}
