import type { Backend } from '#shared/mvcc';
import type { ConfState, Entry, HardState, LogReader, Snapshot } from '#shared/raft';

/*
 * What the host needs of a disk. shared/storage has it; a simulator may have its own.
 */

export interface AppliedState {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

export interface MemberLog extends LogReader {
  setSnapshotSource(source: () => Snapshot | undefined): void;
  setConfState(confState: ConfState): void;
  /** One synced write; false: nothing of it had to be on the disk at once. */
  write(
    writes: readonly { hardState?: HardState | undefined; entries: readonly Entry[] }[],
  ): Promise<boolean>;
  compact(index: number): Promise<void>;
}

type Row = readonly [key: Uint8Array, value: Uint8Array];

/** What is flushed, as it was then, until it is closed: as a whole for another member, or to look into. */
export interface OutgoingSnapshot {
  readonly applied: AppliedState;
  chunks(): AsyncIterable<Uint8Array>;
  get(key: Uint8Array): Uint8Array | undefined;
  /** The rows of [low, high), ascending. */
  scan(low: Uint8Array, high: Uint8Array): AsyncIterable<Row> | Iterable<Row>;
  getMeta(name: string): unknown;
  close(): Promise<void>;
}

export interface MemberBackend extends Backend {
  readonly applied: AppliedState;
  readonly flushed: AppliedState;
  /** The number of the last command applied of each proposing member; part of the applied state. */
  readonly sequences: Map<number, number>;
  /** Of all keys and values that are not deleted. */
  readonly liveBytes: number;
  readonly dirtyBytes: number;
  readonly dirtyCount: number;
  setApplied(applied: AppliedState): void;
  putMeta(name: string, value: unknown): void;
  getMeta(name: string): unknown;
  flush(): Promise<void>;
  defragment(): Promise<void>;
  snapshot(): Promise<OutgoingSnapshot>;
}

export interface StagedSnapshot {
  readonly number: number;
}

export interface MemberStorage {
  readonly log: MemberLog;
  readonly backend: MemberBackend;
  stage(chunks: AsyncIterable<Uint8Array>): Promise<StagedSnapshot>;
  discard(staged: StagedSnapshot): Promise<void>;
  /** Switches over; the old backend can be read until `dropReplaced`. */
  install(staged: StagedSnapshot, hardState: HardState): Promise<MemberBackend>;
  dropReplaced(): Promise<void>;
}
