import { must, QuorateError } from '#shared/base';
import type { Entry } from '#shared/raft';
import type { Disk } from './disk.ts';
import { replaceMember } from './level.ts';
import { readRecord, recordLength } from './log-batch.ts';
import type { LogIndex } from './log-index.ts';
import { segmentPath } from './log-segment.ts';

/** Read at once. */
const windowBytes = 128 << 10;

/** Entries that are no longer in memory, from the files. Raft asks for neighbours one after the other: they are read together. */
export class EntryReader {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #index: LogIndex;
  #window: { segment: number; offset: number; bytes: Buffer } | undefined;

  constructor(disk: Disk, folder: string, index: LogIndex) {
    this.#disk = disk;
    this.#folder = folder;
    this.#index = index;
  }

  /** Throws `data-loss` where it is damaged. */
  read(index: number): Entry {
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

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
