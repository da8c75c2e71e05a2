import { assert, messageOf, must, QuorateError } from '#shared/base';
import type { ConfState, Entry, HardState, LogReader, Snapshot } from '#shared/raft';
import type { Disk } from './disk.ts';
import { replaceMember } from './level.ts';
import type { Batch, LogStart } from './log-batch.ts';
import { LogFiles, type LogSizes } from './log-files.ts';
import type { LogIndex } from './log-index.ts';
import { EntryReader } from './log-reader.ts';
import { type RecoveredLog, recoverLog } from './log-recovery.ts';
import type { LogTail } from './log-tail.ts';

export interface LogWrite {
  readonly hardState?: HardState | undefined;
  /** Contiguous; from the first index on they replace what the log had. */
  readonly entries: readonly Entry[];
}

const defaultSizes: LogSizes = { firstSegmentBytes: 1 << 20, segmentBytes: 4 << 20 };

/**
 * The raft log: segment files in one folder, one synced write for each batch. What a write made
 * durable is visible to raft once it resolves, never earlier. One write at a time; the recent
 * entries stay in memory, older ones are read from disk when raft asks for them.
 *
 * A failed write leaves the log in doubt: the caller must stop the member.
 */
export class RaftLog implements LogReader {
  readonly #folder: string;
  readonly #files: LogFiles;
  readonly #tail: LogTail;
  readonly #index: LogIndex;
  readonly #older: EntryReader;
  #hardState: HardState;
  #start: LogStart;
  #confState: ConfState = noMembers;
  #snapshot: () => Snapshot | undefined = () => undefined;
  #flight: Promise<void> | undefined;
  #closed = false;

  private constructor(disk: Disk, folder: string, recovered: RecoveredLog, files: LogFiles) {
    this.#folder = folder;
    this.#files = files;
    this.#start = recovered.start;
    this.#hardState = recovered.hardState;
    this.#tail = recovered.tail;
    this.#index = recovered.index;
    this.#older = new EntryReader(disk, folder, recovered.index);
  }

  /** Checks every write; throws `data-loss` where something acknowledged is missing or damaged. */
  static async open(disk: Disk, folder: string, sizes: LogSizes = defaultSizes): Promise<RaftLog> {
    try {
      await disk.makeFolder(folder);
      const recovered = recoverLog(disk, folder, sizes.tail);
      const files = await LogFiles.open(disk, folder, sizes, recovered);
      return new RaftLog(disk, folder, recovered, files);
    } catch (thrown) {
      if (QuorateError.is(thrown)) throw thrown;
      throw openError(folder, thrown);
    }
  }

  // What raft reads.

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#confState };
  }

  compactedIndex(): number {
    return this.#start.index;
  }

  lastIndex(): number {
    return this.#tail.lastIndex;
  }

  term(index: number): number | undefined {
    if (index === this.#start.index) return this.#start.term;
    if (index < this.#start.index) return undefined;
    return this.#tail.term(index);
  }

  /** Since it was opened. */
  get writtenBytes(): number {
    return this.#files.writtenBytes;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    assert(low > this.#start.index, `entry ${low} is compacted away`);
    const end = Math.min(high, this.lastIndex() + 1);
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = low; index < end; index++) {
      const entry = this.#tail.entry(index) ?? this.#older.read(index);
      bytes += entry.data.length;
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot();
  }

  // What the host writes.

  /** Number of the backend folder that goes with this log. */
  get backendNumber(): number {
    return this.#start.backend;
  }

  get empty(): boolean {
    return this.lastIndex() === 0 && this.#hardState.term === 0;
  }

  /** The configuration is state of the backend; raft asks its log for it. */
  setConfState(confState: ConfState): void {
    this.#confState = confState;
  }

  /** The commit index is at least `index`: known from elsewhere, not from the log's own records. */
  raiseCommit(index: number): void {
    if (index > this.lastIndex()) {
      throw new QuorateError(
        'data-loss',
        `the raft log in ${this.#folder} ends at ${this.lastIndex()}, but the store has applied ${index}: ${replaceMember}`,
      );
    }
    if (index > this.#hardState.commit) this.#hardState = { ...this.#hardState, commit: index };
  }

  setSnapshotSource(source: () => Snapshot | undefined): void {
    this.#snapshot = source;
  }

  /**
   * Several writes as one batch, in the order given. A commit index that moved needs no write
   * of its own, for Raft has it volatile (figure 2): it goes to disk with whatever comes next.
   * Resolves with false where that was all.
   */
  async write(writes: readonly LogWrite[]): Promise<boolean> {
    const entries = mergeEntries(writes);
    const hardState = writes.findLast((write) => write.hardState)?.hardState ?? this.#hardState;
    const { term, vote } = this.#hardState;
    if (entries.length === 0 && hardState.term === term && hardState.vote === vote) {
      this.#hardState = hardState;
      return false;
    }
    await this.#append(
      () => ({ hardState, entries }),
      () => {
        this.#hardState = hardState;
        this.#tail.append(entries, hardState.commit);
      },
    );
    return true;
  }

  /**
   * Starts the log anew behind a snapshot, which the backend numbered `backend` holds completely
   * already: the one write that makes the snapshot count.
   */
  async startFrom(start: LogStart, hardState: HardState): Promise<void> {
    await this.#append(
      () => ({ hardState, start: { ...start, reset: true }, entries: [] }),
      () => {
        this.#hardState = hardState;
        this.#start = start;
        this.#tail.reset(start.index);
        this.#index.reset(start.index + 1);
        this.#files.forgetEntries();
      },
    );
    await this.#files.removeThrough(start.index);
  }

  /** Forgets the entries up to `index`; the backend must have flushed them. */
  async compact(index: number): Promise<void> {
    await this.#append(
      () => {
        if (index <= this.#start.index) return undefined;
        const term = must(this.term(index), `compaction beyond the log, at ${index}`);
        const start = { index, term, backend: this.#start.backend };
        return { hardState: this.#hardState, start: { ...start, reset: false }, entries: [] };
      },
      ({ start }) => {
        if (start) this.#start = { index, term: start.term, backend: start.backend };
        this.#tail.dropThrough(index);
        this.#index.dropThrough(index);
      },
    );
    // From the marker on they are garbage, whenever they are removed.
    await this.#files.removeThrough(this.#start.index);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flight?.catch(() => undefined);
    await this.#files.close();
  }

  describe(): string {
    const { term, vote, commit } = this.#hardState;
    return `log (${this.#start.index},${this.lastIndex()}] term=${term} vote=${vote} commit=${commit} segments=${this.#files.count}`;
  }

  /** One at a time: `make` sees, and `done` follows, the state that the last one left. */
  async #append(make: () => Batch | undefined, done: (batch: Batch) => void): Promise<void> {
    while (this.#flight) await this.#flight;
    assert(!this.#closed, 'the log is open');
    const batch = make();
    if (!batch) return;
    // Where it fails it stays, and so does every later write: nobody knows what is on the disk.
    this.#flight = this.#files.append(batch, this.#start);
    await this.#flight;
    done(batch);
    this.#flight = undefined;
  }
}

/** Nothing has been lost by it. */
function openError(folder: string, thrown: unknown): QuorateError {
  const text = messageOf(thrown);
  return new QuorateError(
    'unavailable',
    `cannot open the raft log in ${folder}: ${text}. Free the disk or mend it, then start again`,
    { cause: thrown },
  );
}

const noMembers: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** Later entries replace earlier ones from their first index on. */
function mergeEntries(writes: readonly LogWrite[]): readonly Entry[] {
  const withEntries = writes.filter(({ entries }) => entries.length > 0);
  if (withEntries.length === 1) return withEntries[0]?.entries ?? [];
  const merged: Entry[] = [];
  for (const { entries } of withEntries) {
    const first = entries[0];
    if (!first) continue;
    const base = merged[0]?.index ?? first.index;
    if (first.index < base) merged.length = 0;
    else merged.length = Math.min(merged.length, first.index - base);
    for (const entry of entries) merged.push(entry);
  }
  return merged;
}
