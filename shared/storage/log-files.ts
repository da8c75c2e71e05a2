import { must } from '#shared/base';
import type { Disk } from './disk.ts';
import { writeError } from './level.ts';
import { type Batch, batchBytes, encodeBatch, type LogStart, recordOffsets } from './log-batch.ts';
import type { LogIndex } from './log-index.ts';
import type { RecoveredLog } from './log-recovery.ts';
import { LogSegment, segmentHeaderBytes, segmentPath } from './log-segment.ts';
import type { TailSizes } from './log-tail.ts';

export interface LogSizes {
  /** Of a new log, which need not become a large one. */
  readonly firstSegmentBytes: number;
  readonly segmentBytes: number;
  /** Absent: the usual ones. */
  readonly tail?: TailSizes | undefined;
}

const keptBufferBytes = 4 << 20;

/** The files of the log as one place to write to: each batch behind the last one, in the newest segment. */
export class LogFiles {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #index: LogIndex;
  /** In use, with the highest index of an entry written to each; the last one is written to. */
  readonly #segments: { readonly number: number; lastIndex: number }[];
  #current: LogSegment;
  #end: number;
  #nextBatch: number;
  #writtenBytes = 0;
  #spare: Promise<LogSegment | undefined> | undefined;
  /** That is on the disk, the spare one too. */
  #newest: number;
  #buffer = Buffer.alloc(64 << 10);

  private constructor(
    disk: Disk,
    folder: string,
    segmentBytes: number,
    recovered: RecoveredLog,
    current: LogSegment,
    spare?: LogSegment,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#index = recovered.index;
    this.#segments = recovered.segments;
    this.#end = recovered.end;
    this.#nextBatch = recovered.nextBatch;
    this.#current = current;
    this.#spare = spare && Promise.resolve(spare);
    this.#newest = (spare ?? current).number;
  }

  /** Removes what is not wanted, and makes what a crash has torn zeros again. */
  static async open(
    disk: Disk,
    folder: string,
    { firstSegmentBytes, segmentBytes }: LogSizes,
    recovered: RecoveredLog,
  ): Promise<LogFiles> {
    for (const name of recovered.unwanted) await disk.remove(`${folder}/${name}`);
    // A process that died may have given a file its name, and not have synced that: the first, or a spare.
    await disk.syncFolder(folder);
    const last = recovered.segments.at(-1);
    if (!last) {
      const current = await LogSegment.create(disk, folder, 1, firstSegmentBytes);
      recovered.segments.push({ number: 1, lastIndex: 0 });
      return new LogFiles(disk, folder, segmentBytes, recovered, current);
    }
    const current = await LogSegment.open(disk, folder, last.number);
    if (recovered.torn) await current.zero(recovered.end);
    // A process that was killed may have left its last write whole, but not yet on the disk.
    await current.sync();
    const spare = recovered.spare && (await LogSegment.open(disk, folder, recovered.spare));
    return new LogFiles(disk, folder, segmentBytes, recovered, current, spare || undefined);
  }

  /** Since they were opened. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get count(): number {
    return this.#segments.length;
  }

  /** One at a time. `start`: where the log starts before this batch. */
  async append(batch: Batch, start: LogStart): Promise<void> {
    try {
      const used = this.#end > segmentHeaderBytes;
      if (used && this.#end + batchBytes(batch) > this.#current.bytes) await this.#rotate();
      // Each segment says where the log starts, so that those before it can go.
      const first = this.#end === segmentHeaderBytes;
      const head = batch.start ?? (first ? { ...start, reset: false } : undefined);
      const whole = { ...batch, start: head, newestSegment: this.#newest };
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

  /** The log starts anew: entries that were written so far are garbage. */
  forgetEntries(): void {
    for (const segment of this.#segments) segment.lastIndex = 0;
  }

  /** Segments with nothing newer than `index` go, oldest first. */
  async removeThrough(index: number): Promise<void> {
    for (let first = this.#segments[0]; this.#segments.length > 1; first = this.#segments[0]) {
      if (!first || first.lastIndex > index) return;
      this.#segments.shift();
      try {
        await this.#disk.remove(segmentPath(this.#folder, first.number));
      } catch (thrown) {
        throw writeError('raft log', thrown);
      }
    }
  }

  async close(): Promise<void> {
    await (await this.#spare)?.close();
    await this.#current.close();
  }

  #placed(batch: Batch, segment: number): void {
    const offsets = recordOffsets(batch);
    batch.entries.forEach(({ index }, i) => {
      this.#index.set(index, segment, this.#end + (offsets[i] ?? 0));
    });
    const inUse = must(this.#segments.at(-1), 'a segment is in use');
    inUse.lastIndex = Math.max(inUse.lastIndex, batch.entries.at(-1)?.index ?? 0);
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

  async #create(): Promise<LogSegment> {
    const number = this.#current.number + 1;
    const created = await LogSegment.create(this.#disk, this.#folder, number, this.#segmentBytes);
    this.#newest = number;
    return created;
  }

  /** Ahead of time, so that no write has to wait for it. */
  #prepareSpare(): void {
    this.#spare ??= this.#create().catch(() => undefined);
  }
}
