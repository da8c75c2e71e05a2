import { assert, messageOf, must, QuorateError } from '#shared/base';
import type { ConfState, Entry, HardState, LogReader, Snapshot } from '#shared/raft';
import type { Disk } from './disk.ts';
import { replaceMember, writeError } from './level.ts';
import {
  type Batch,
  batchBytes,
  encodeBatch,
  type LogStart,
  readRecord,
  recordLength,
  recordOffsets,
} from './log-batch.ts';
import type { LogIndex } from './log-index.ts';
import { type RecoveredLog, recoverLog } from './log-recovery.ts';
import { LogSegment, segmentHeaderBytes, segmentPath } from './log-segment.ts';
import type { LogTail } from './log-tail.ts';

export interface LogWrite {
  readonly hardState?: HardState | undefined;
  /** Contiguous; from the first index on they replace what the log had. */
  readonly entries: readonly Entry[];
}

export interface LogSizes {
  /** Of a new log, which need not become a large one. */
  readonly firstSegmentBytes: number;
  readonly segmentBytes: number;
}

const defaultSizes: LogSizes = { firstSegmentBytes: 1 << 20, segmentBytes: 4 << 20 };
/** Read at once where raft asks for entries that are no longer in memory. */
const windowBytes = 128 << 10;
const keptBufferBytes = 4 << 20;

/**
 * The raft log: segment files in one folder, one synced write for each batch. What a write made
 * durable is visible to raft once it resolves, never earlier. One write at a time; the recent
 * entries stay in memory, older ones are read from disk when raft asks for them.
 *
 * A failed write leaves the log in doubt: the caller must stop the member.
 */
export class RaftLog implements LogReader {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #sizes: LogSizes;
  readonly #tail: LogTail;
  readonly #index: LogIndex;
  #hardState: HardState;
  #start: LogStart;
  #confState: ConfState = noMembers;
  #snapshot: () => Snapshot | undefined = () => undefined;
  /** In use, with the highest index of an entry written to each; the last one is written to. */
  readonly #segments: { readonly number: number; lastIndex: number }[];
  #current: LogSegment;
  #end: number;
  #writtenBytes = 0;
  #nextBatch: number;
  #spare: Promise<LogSegment | undefined> | undefined;
  #flight: Promise<void> | undefined;
  #buffer = Buffer.alloc(64 << 10);
  #window: { segment: number; offset: number; bytes: Buffer } | undefined;
  #closed = false;

  private constructor(
    disk: Disk,
    folder: string,
    sizes: LogSizes,
    recovered: RecoveredLog,
    current: LogSegment,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#sizes = sizes;
    this.#start = recovered.start;
    this.#hardState = recovered.hardState;
    this.#tail = recovered.tail;
    this.#index = recovered.index;
    this.#nextBatch = recovered.nextBatch;
    this.#end = recovered.end;
    this.#segments = recovered.segments;
    this.#current = current;
  }

  /** Checks every write; throws `data-loss` where something acknowledged is missing or damaged. */
  static async open(disk: Disk, folder: string, sizes: LogSizes = defaultSizes): Promise<RaftLog> {
    try {
      return await RaftLog.#open(disk, folder, sizes);
    } catch (thrown) {
      if (QuorateError.is(thrown)) throw thrown;
      throw openError(folder, thrown);
    }
  }

  static async #open(disk: Disk, folder: string, sizes: LogSizes): Promise<RaftLog> {
    await disk.makeFolder(folder);
    const recovered = recoverLog(disk, folder);
    for (const name of recovered.unwanted) await disk.remove(`${folder}/${name}`);
    const last = recovered.segments.at(-1);
    if (!last) {
      const current = await LogSegment.create(disk, folder, 1, sizes.firstSegmentBytes);
      recovered.segments.push({ number: 1, lastIndex: 0 });
      return new RaftLog(disk, folder, sizes, recovered, current);
    }
    const current = await LogSegment.open(disk, folder, last.number);
    if (recovered.torn) await current.zero(recovered.end);
    // A process that was killed may have left its last write whole, but not yet on the disk.
    await current.sync();
    return new RaftLog(disk, folder, sizes, recovered, current);
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
    return this.#writtenBytes;
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
   */
  async write(writes: readonly LogWrite[]): Promise<void> {
    const entries = mergeEntries(writes);
    const hardState = writes.findLast((write) => write.hardState)?.hardState ?? this.#hardState;
    const { term, vote } = this.#hardState;
    if (entries.length === 0 && hardState.term === term && hardState.vote === vote) {
      this.#hardState = hardState;
      return;
    }
    await this.#append(
      () => ({ hardState, entries }),
      () => {
        this.#hardState = hardState;
        this.#tail.append(entries, hardState.commit);
      },
    );
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
        for (const segment of this.#segments) segment.lastIndex = 0;
      },
    );
    await this.#removeSegments();
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
    await this.#removeSegments();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flight?.catch(() => undefined);
    await (await this.#spare)?.close();
    await this.#current.close();
  }

  describe(): string {
    const { term, vote, commit } = this.#hardState;
    return `log (${this.#start.index},${this.lastIndex()}] term=${term} vote=${vote} commit=${commit} segments=${this.#segments.length}`;
  }

  /** One at a time: `make` sees, and `done` follows, the state that the last one left. */
  async #append(make: () => Batch | undefined, done: (batch: Batch) => void): Promise<void> {
    while (this.#flight) await this.#flight;
    assert(!this.#closed, 'the log is open');
    const batch = make();
    if (!batch) return;
    // Where it fails it stays, and so does every later write: nobody knows what is on the disk.
    this.#flight = this.#put(batch);
    await this.#flight;
    done(batch);
    this.#flight = undefined;
  }

  async #put(batch: Batch): Promise<void> {
    try {
      const used = this.#end > segmentHeaderBytes;
      if (used && this.#end + batchBytes(batch) > this.#current.bytes) await this.#rotate();
      // Each segment says where the log starts, so that those before it can go.
      const start = batch.start ?? (this.#end === segmentHeaderBytes ? this.#head() : undefined);
      const whole = { ...batch, start };
      const segment = this.#current.number;
      const place = { segment, offset: this.#end, number: this.#nextBatch };
      const bytes = encodeBatch(this.#room(batchBytes(whole)), whole, place);
      await this.#current.write(bytes, this.#end);
      this.#placed(whole, segment);
      this.#end += bytes.length;
      this.#writtenBytes += bytes.length;
      this.#nextBatch++;
    } catch (thrown) {
      throw writeError('raft log', thrown);
    }
    if (this.#end > this.#current.bytes / 2) this.#prepareSpare();
  }

  #placed(batch: Batch, segment: number): void {
    const offsets = recordOffsets(batch);
    batch.entries.forEach(({ index }, i) => {
      this.#index.set(index, segment, this.#end + (offsets[i] ?? 0));
    });
    const inUse = must(this.#segments.at(-1), 'a segment is in use');
    inUse.lastIndex = Math.max(inUse.lastIndex, batch.entries.at(-1)?.index ?? 0);
  }

  #head(): Batch['start'] {
    return { ...this.#start, reset: false };
  }

  #room(bytes: number): Buffer {
    if (this.#buffer.length < bytes || this.#buffer.length > Math.max(bytes, keptBufferBytes)) {
      this.#buffer = Buffer.alloc(Math.ceil(bytes / 65_536) * 65_536);
    }
    return this.#buffer;
  }

  async #rotate(): Promise<void> {
    // A disk that was full when it was tried ahead may have room again.
    const next = (await this.#spare) ?? (await this.#create());
    this.#spare = undefined;
    const old = this.#current;
    this.#current = next;
    this.#end = segmentHeaderBytes;
    this.#segments.push({ number: next.number, lastIndex: 0 });
    await old.close();
  }

  #create(): Promise<LogSegment> {
    const number = this.#current.number + 1;
    return LogSegment.create(this.#disk, this.#folder, number, this.#sizes.segmentBytes);
  }

  /** Ahead of time, so that no write has to wait for it. */
  #prepareSpare(): void {
    this.#spare ??= this.#create().catch(() => undefined);
  }

  async #removeSegments(): Promise<void> {
    for (let first = this.#segments[0]; this.#segments.length > 1; first = this.#segments[0]) {
      if (!first || first.lastIndex > this.#start.index) return;
      this.#segments.shift();
      try {
        await this.#disk.remove(segmentPath(this.#folder, first.number));
      } catch (thrown) {
        throw writeError('raft log', thrown);
      }
    }
  }

  #read(index: number): Entry {
    const place = must(this.#index.place(index), `entry ${index} is in the log`);
    const record = this.#record(place.segment, place.offset);
    if (!record || record.index !== index || record.kind === 'start' || record.kind === 'reset') {
      const path = segmentPath(this.#folder, place.segment);
      throw new QuorateError(
        'data-loss',
        `raft log entry ${index} in ${path} at byte ${place.offset} is damaged: ${replaceMember}`,
      );
    }
    const { term, kind, data } = record;
    return { index, term, type: kind, data: new Uint8Array(data) };
  }

  /** Raft asks for neighbours one after the other: they are read together. */
  #record(segment: number, offset: number): ReturnType<typeof readRecord> {
    const window = this.#window;
    if (window?.segment === segment && offset >= window.offset) {
      const record = readRecord(window.bytes, offset - window.offset, window.bytes.length);
      if (record) return record;
    }
    const path = segmentPath(this.#folder, segment);
    let bytes = asBuffer(this.#disk.read(path, offset, windowBytes));
    if (bytes.length === windowBytes && recordLength(bytes, 0) > windowBytes) {
      bytes = asBuffer(this.#disk.read(path, offset, recordLength(bytes, 0)));
    }
    this.#window = { segment, offset, bytes };
    return readRecord(bytes, 0, bytes.length);
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

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

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
