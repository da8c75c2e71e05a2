import { assert, must, QuorateError } from '#shared/base';
import type { ConfState, Entry, HardState, LogReader, Snapshot } from '#shared/raft';
import { type Level, type LevelOperation, replaceMember, writeError } from './level.ts';
import {
  decodeEntry,
  decodeStart,
  decodeState,
  encodeEntry,
  encodeStart,
  encodeState,
  entryIndex,
  entryKey,
  type LogStart,
  startKey,
  stateKey,
} from './log-record.ts';
import { LogTail } from './log-tail.ts';
import { type Medium, systemMedium } from './medium.ts';

export interface LogWrite {
  readonly hardState?: HardState | undefined;
  /** Contiguous; from the first index on they replace what the log had. */
  readonly entries: readonly Entry[];
}

/** Entries deleted per batch of a compaction: short enough not to hold up the next append. */
const compactionStep = 1000;

/**
 * The raft log on LevelDB. What a write made durable is visible to raft once the write resolves,
 * never earlier. One write at a time; the recent entries stay in memory, older ones are read from
 * disk when raft asks for them.
 *
 * A failed write leaves the log in doubt: the caller must stop the member.
 */
export class RaftLog implements LogReader {
  readonly #level: Level;
  readonly #tail: LogTail;
  #hardState: HardState;
  #start: LogStart;
  #confState: ConfState = noMembers;
  #snapshot: () => Snapshot | undefined = () => undefined;
  /** First entry still on disk; those up to `#start.index` are on their way out. */
  #firstOnDisk: number;

  private constructor(level: Level, loaded: Loaded) {
    this.#level = level;
    this.#start = loaded.start;
    this.#hardState = loaded.hardState;
    this.#firstOnDisk = loaded.firstOnDisk;
    this.#tail = loaded.tail;
  }

  /** Checks every entry; throws `data-loss` where something acknowledged is missing or damaged. */
  static async open(folder: string, medium: Medium = systemMedium): Promise<RaftLog> {
    const level = await medium.openLevel(folder, { cacheSize: 1 << 20, writeBufferSize: 4 << 20 });
    try {
      return new RaftLog(level, await load(level, folder));
    } catch (thrown) {
      await level.close();
      throw thrown;
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

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    assert(low > this.#start.index, `entry ${low} is compacted away`);
    const end = Math.min(high, this.lastIndex() + 1);
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = low; index < end; index++) {
      const entry = this.#tail.entry(index) ?? this.#read(index);
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
        `the raft log ends at ${this.lastIndex()}, but the store has applied ${index}: ${replaceMember}`,
      );
    }
    if (index > this.#hardState.commit) this.#hardState = { ...this.#hardState, commit: index };
  }

  setSnapshotSource(source: () => Snapshot | undefined): void {
    this.#snapshot = source;
  }

  /**
   * Several writes as one synced batch, in the order given. A commit index that moved needs no write
   * of its own, for Raft has it volatile (figure 2): it goes to disk with whatever comes next.
   */
  async write(writes: readonly LogWrite[]): Promise<void> {
    const entries = mergeEntries(writes);
    const hardState = writes.findLast((write) => write.hardState)?.hardState ?? this.#hardState;
    const { term, vote } = this.#hardState;
    if (entries.length === 0 && hardState.term === term && hardState.vote === vote) {
      this.#hardState = hardState;
      return;
    }
    const operations: LevelOperation[] = [];
    for (const entry of entries) {
      const key = entryKey(entry.index);
      operations.push({ type: 'put', key, value: encodeEntry(key, entry) });
    }
    const last = entries.at(-1)?.index ?? this.lastIndex();
    for (let index = last + 1; index <= this.lastIndex(); index++) {
      operations.push({ type: 'del', key: entryKey(index) });
    }
    operations.push({
      type: 'put',
      key: stateKey,
      value: encodeState({ hardState, lastIndex: last }),
    });
    await this.#commit(operations);
    this.#hardState = hardState;
    this.#tail.append(entries);
  }

  /**
   * Starts the log anew behind a snapshot, which the backend numbered `backend` holds completely
   * already: the one batch that makes the snapshot count.
   */
  async startFrom(
    start: { index: number; term: number; backend: number },
    hardState: HardState,
  ): Promise<void> {
    const operations: LevelOperation[] = [];
    for (let index = this.#firstOnDisk; index <= this.lastIndex(); index++) {
      operations.push({ type: 'del', key: entryKey(index) });
    }
    operations.push(
      { type: 'put', key: startKey, value: encodeStart(start) },
      { type: 'put', key: stateKey, value: encodeState({ hardState, lastIndex: start.index }) },
    );
    await this.#commit(operations);
    this.#hardState = hardState;
    this.#start = start;
    this.#firstOnDisk = start.index + 1;
    this.#tail.reset(start.index);
  }

  /** Forgets the entries up to `index`; the backend must have flushed them. In bounded steps. */
  async compact(index: number): Promise<void> {
    if (index <= this.#start.index) return;
    const term = must(this.term(index), `compaction beyond the log, at ${index}`);
    const start = { index, term, backend: this.#start.backend };
    // The marker first: from it on the entries are garbage, whenever their deletion happens.
    await this.#commit([{ type: 'put', key: startKey, value: encodeStart(start) }]);
    if (this.#start.index >= index) return;
    this.#start = start;
    this.#tail.dropThrough(index);
    await this.#deleteThrough(index);
  }

  async close(): Promise<void> {
    await this.#level.close();
  }

  describe(): string {
    const { term, vote, commit } = this.#hardState;
    return `log (${this.#start.index},${this.lastIndex()}] term=${term} vote=${vote} commit=${commit}`;
  }

  async #deleteThrough(index: number): Promise<void> {
    while (this.#firstOnDisk <= index) {
      const end = Math.min(index, this.#firstOnDisk + compactionStep - 1);
      const operations: LevelOperation[] = [];
      for (let i = this.#firstOnDisk; i <= end; i++) {
        operations.push({ type: 'del', key: entryKey(i) });
      }
      this.#firstOnDisk = end + 1;
      // Not synced: a crash leaves garbage, which the next start deletes.
      await this.#batch(operations, false);
    }
  }

  #read(index: number): Entry {
    const key = entryKey(index);
    const value = this.#level.getSync(key);
    const entry = value && decodeEntry(key, value);
    if (!entry) {
      throw new QuorateError('data-loss', `raft log entry ${index} is damaged: ${replaceMember}`);
    }
    return entry;
  }

  #commit(operations: LevelOperation[]): Promise<void> {
    return this.#batch(operations, true);
  }

  async #batch(operations: LevelOperation[], sync: boolean): Promise<void> {
    try {
      await this.#level.batch(operations, { sync });
    } catch (thrown) {
      throw writeError('raft log', thrown);
    }
  }
}

const noMembers: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** Later entries replace earlier ones from their first index on. */
function mergeEntries(writes: readonly LogWrite[]): Entry[] {
  const merged: Entry[] = [];
  for (const { entries } of writes) {
    const first = entries[0];
    if (!first) continue;
    const base = merged[0]?.index ?? first.index;
    if (first.index < base) merged.length = 0;
    else merged.length = Math.min(merged.length, first.index - base);
    for (const entry of entries) merged.push(entry);
  }
  return merged;
}

interface Loaded {
  readonly start: LogStart;
  readonly hardState: HardState;
  readonly firstOnDisk: number;
  readonly tail: LogTail;
}

async function load(level: Level, folder: string): Promise<Loaded> {
  const damaged = (what: string): QuorateError =>
    new QuorateError(
      'data-loss',
      `the raft log in ${folder} is damaged: ${what}; ${replaceMember}`,
    );
  const startBytes = level.getSync(startKey);
  const start = startBytes ? decodeStart(startBytes) : { index: 0, term: 0, backend: 0 };
  if (!start) throw damaged('the marker of its beginning has a wrong checksum');
  const stateBytes = level.getSync(stateKey);
  const state = stateBytes
    ? decodeState(stateBytes)
    : { hardState: { term: 0, vote: 0, commit: start.index }, lastIndex: start.index };
  if (!state) throw damaged('term and vote have a wrong checksum');

  const tail = new LogTail(start.index);
  const unwanted: LevelOperation[] = [];
  const iterator = level.iterator({
    gte: entryKey(0),
    lte: entryKey(Number.MAX_SAFE_INTEGER),
    highWaterMarkBytes: 1 << 20,
  });
  try {
    for (
      let rows = await iterator.nextv(1000);
      rows.length > 0;
      rows = await iterator.nextv(1000)
    ) {
      for (const [key, value] of rows) {
        const index = entryIndex(key);
        if (index <= start.index || index > state.lastIndex) {
          unwanted.push({ type: 'del', key });
          continue;
        }
        if (index !== tail.lastIndex + 1) throw damaged(`entry ${tail.lastIndex + 1} is missing`);
        const entry = decodeEntry(key, value);
        if (!entry) throw damaged(`entry ${index} has a wrong checksum`);
        tail.append([entry]);
      }
    }
  } finally {
    await iterator.close();
  }
  if (tail.lastIndex < state.lastIndex) throw damaged(`entry ${tail.lastIndex + 1} is missing`);
  if (state.hardState.commit > tail.lastIndex) {
    throw damaged(
      `it ends at ${tail.lastIndex}, before the commit index ${state.hardState.commit}`,
    );
  }
  if (unwanted.length > 0) await level.batch(unwanted, { sync: true });
  return { start, hardState: state.hardState, firstOnDisk: start.index + 1, tail };
}
