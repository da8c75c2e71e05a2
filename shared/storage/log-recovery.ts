import { QuorateError } from '#shared/base';
import type { Entry, HardState } from '#shared/raft';
import type { Disk } from './disk.ts';
import {
  batchAlignment,
  type Batch,
  findLaterBatch,
  isZero,
  type LogStart,
  readBatch,
  recordOffsets,
} from './log-batch.ts';
import { LogIndex } from './log-index.ts';
import {
  readSegment,
  segmentHeaderBytes,
  segmentName,
  segmentPath,
  segmentsIn,
} from './log-segment.ts';
import { LogTail, type TailSizes } from './log-tail.ts';
import { replaceMember } from './level.ts';

/** What the files of a log say. */
export interface RecoveredLog {
  readonly start: LogStart;
  readonly hardState: HardState;
  readonly tail: LogTail;
  readonly index: LogIndex;
  /** In use, ascending, with the highest index of an entry written to each. */
  readonly segments: { readonly number: number; lastIndex: number }[];
  /** Made ahead of time, for what comes after the last segment. */
  readonly spare: number | undefined;
  readonly nextBatch: number;
  /** Where the next batch goes, in the last segment. */
  readonly end: number;
  /** What is there now was cut short by a crash: to be made zeros again before anything is written. */
  readonly torn: boolean;
  /**
   * Names of files that may go: unfinished or unused ones, and segments before a gap, where a crash
   * came between the removal of one and that of another.
   */
  readonly unwanted: readonly string[];
}

/**
 * Reads the whole log and changes nothing. Throws `data-loss` where something that was acknowledged
 * is missing or damaged; a write is complete before the next one begins, so only the very last one
 * can be torn.
 */
export function recoverLog(disk: Disk, folder: string, tailSizes?: TailSizes): RecoveredLog {
  const names = disk.list(folder);
  refuseOlderFormat(names, folder);
  const all = segmentsIn(disk, folder);
  const gap = all.findLastIndex((number, i) => i > 0 && number !== (all[i - 1] ?? 0) + 1);
  const leftovers = all.slice(0, Math.max(0, gap));
  const scan = new LogScan(disk, folder, leftovers.at(-1), new LogTail(0, tailSizes));
  for (const number of all.slice(leftovers.length)) scan.segment(number);
  const result = scan.result();
  const unfinished = names.filter((name) => name.endsWith('.new'));
  const unwanted = [...[...leftovers, ...scan.spares.slice(1)].map(segmentName), ...unfinished];
  return { ...result, unwanted };
}

function refuseOlderFormat(names: readonly string[], folder: string): void {
  if (!names.includes('CURRENT')) return;
  throw new QuorateError(
    'failed-precondition',
    `the raft log in ${folder} is of a version before segment files, which this one does not read: ` +
      'start that version and save a snapshot, then `quorate store restore` it into an empty directory, ' +
      'or move the directory away and let the member come back empty as a new one',
  );
}

class LogScan {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #lastLeftover: number | undefined;
  #start: LogStart = { index: 0, term: 0, backend: 0 };
  #hardState: HardState = { term: 0, vote: 0, commit: 0 };
  readonly #tail: LogTail;
  #index = new LogIndex(1);
  readonly #segments: { number: number; lastIndex: number }[] = [];
  readonly spares: number[] = [];
  /** Undefined before the first one: then any number will do. */
  #nextBatch: number | undefined;
  #end = segmentHeaderBytes;
  /** The newest file that there was at the last write; 0: it does not say. */
  #newest = 0;
  #torn: { segment: number; at: number } | undefined;

  constructor(disk: Disk, folder: string, lastLeftover: number | undefined, tail: LogTail) {
    this.#disk = disk;
    this.#folder = folder;
    this.#lastLeftover = lastLeftover;
    this.#tail = tail;
  }

  segment(number: number): void {
    const image = readSegment(this.#disk, this.#folder, number);
    if (!image) throw this.#damage(number, 0, 'the header of the file is damaged');
    if (isZero(image, segmentHeaderBytes, image.length)) {
      this.spares.push(number);
      return;
    }
    const spare = this.spares[0];
    if (spare !== undefined) {
      throw this.#damage(spare, segmentHeaderBytes, `it is empty, but file ${number} is not`);
    }
    if (this.#torn) {
      const { segment, at } = this.#torn;
      throw this.#damage(segment, at, `a write is damaged, and file ${number} has later ones`);
    }
    this.#segments.push({ number, lastIndex: 0 });
    this.#end = this.#batches(image, number);
  }

  #batches(image: Buffer, segment: number): number {
    let offset = segmentHeaderBytes;
    for (;;) {
      const place = { segment, offset, number: this.#nextBatch ?? numberAt(image, offset) };
      const found = readBatch(image, place);
      if (found.what === 'damage') throw this.#damage(segment, offset, found.text);
      if (found.what === 'batch') {
        this.#take(found.batch, segment, offset);
        this.#nextBatch = place.number + 1;
        offset = found.end;
        continue;
      }
      const after = this.#nextBatch ?? 0;
      const later = findLaterBatch(image, segment, offset + batchAlignment, after);
      if (later !== undefined) {
        const text = `a write is missing or damaged, but a later one follows at byte ${later}`;
        throw this.#damage(segment, offset, text);
      }
      if (found.what === 'torn') this.#torn = { segment, at: offset };
      return offset;
    }
  }

  #take(batch: Batch, segment: number, offset: number): void {
    const { start, entries, hardState, newestSegment = 0 } = batch;
    this.#hardState = hardState;
    this.#newest = newestSegment;
    if (start) {
      const { index, term, backend, reset } = start;
      this.#start = { index, term, backend };
      if (reset) {
        this.#tail.reset(index);
        this.#index.reset(index + 1);
      }
    }
    const offsets = recordOffsets(batch);
    entries.forEach((entry, i) => {
      this.#entry(entry, segment, offset, offset + (offsets[i] ?? 0));
    });
    const last = this.#segments.at(-1);
    if (last) last.lastIndex = Math.max(last.lastIndex, entries.at(-1)?.index ?? 0);
  }

  #entry(entry: Entry, segment: number, batch: number, at: number): void {
    const next = this.#index.next;
    if (entry.index > next) {
      // The first entry that is kept: what was before it may have been compacted away since.
      const first = this.#tail.lastIndex < this.#index.first;
      if (!first) throw this.#damage(segment, batch, `entry ${next} is missing`);
      this.#index.reset(entry.index);
      this.#tail.reset(entry.index - 1);
    } else if (entry.index < this.#index.first) {
      // It replaces one whose segment, compacted away since, was the one before.
      this.#index.reset(entry.index);
      this.#tail.reset(entry.index - 1);
    }
    this.#index.set(entry.index, segment, at);
    // A copy: a view would keep the whole segment in memory. What is committed is to be applied again.
    this.#tail.append([{ ...entry, data: new Uint8Array(entry.data) }], 0);
  }

  result(): Omit<RecoveredLog, 'unwanted'> {
    this.#reuseFirst();
    const start = this.#start;
    const first = this.#index.first;
    const last = this.#tail.lastIndex;
    const segment = this.#segments[0]?.number ?? 0;
    if (first > start.index + 1) {
      const lost =
        this.#lastLeftover === undefined ? '' : ` (there is a file ${this.#lastLeftover})`;
      const text = `entries ${start.index + 1} to ${first - 1} are missing${lost}`;
      throw this.#damage(segment, segmentHeaderBytes, text);
    }
    if (last < start.index) {
      // All of it was compacted.
      this.#tail.reset(start.index);
      this.#index.reset(start.index + 1);
    } else {
      this.#tail.dropThrough(start.index);
      this.#index.dropThrough(start.index);
    }
    const { commit } = this.#hardState;
    if (commit > this.#tail.lastIndex) {
      const text = `the log ends at entry ${this.#tail.lastIndex}, before the commit index ${commit}`;
      throw this.#damage(this.#segments.at(-1)?.number ?? segment, this.#end, text);
    }
    this.#refuseMissing();
    return {
      start,
      hardState: this.#hardState,
      tail: this.#tail,
      index: this.#index,
      segments: this.#segments,
      spare: this.spares[0],
      nextBatch: this.#nextBatch ?? 1,
      end: this.#end,
      torn: this.#torn !== undefined,
    };
  }

  /** Of a log without a write the first file stays: between removing and making it anew there may be no room. */
  #reuseFirst(): void {
    const first = this.#segments.length === 0 ? this.spares.shift() : undefined;
    if (first === undefined) return;
    if (first !== 1) {
      const text = `it is empty, and file ${first - 1} is missing`;
      throw this.#damage(first, segmentHeaderBytes, text);
    }
    this.#segments.push({ number: first, lastIndex: 0 });
  }

  /** The newest file may be gone without a gap before it. */
  #refuseMissing(): void {
    const last = this.#segments.at(-1)?.number ?? 0;
    if (this.#newest <= (this.spares[0] ?? last)) return;
    throw this.#damage(last, this.#end, `file ${this.#newest}, which was there then, is missing`);
  }

  #damage(segment: number, at: number, what: string): QuorateError {
    const path = segmentPath(this.#folder, segment);
    return new QuorateError(
      'data-loss',
      `the raft log is damaged: ${path} at byte ${at}: ${what}. Entries up to ${this.#tail.lastIndex} ` +
        `are sound, what comes after them may have been acknowledged: ${replaceMember}`,
    );
  }
}

/** As far as it can be believed: `readBatch` checks it. */
function numberAt(image: Buffer, offset: number): number {
  return image.readUInt32BE(offset + 8) * 0x1_0000_0000 + image.readUInt32BE(offset + 12);
}
