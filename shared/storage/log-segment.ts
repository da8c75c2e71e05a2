import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from './disk.ts';

/*
 * Segment files `log/00000001.seg`, `00000002.seg` …: a header of 16 bytes (magic, version, number,
 * CRC-32), then batches, then zeros. A file is written full of zeros and synced before it gets its
 * name, so that a later write changes nothing but data: no block is allocated and no size is set,
 * and syncing it does not make the file system commit its journal.
 */
const magic = 0x51_52_4c_53; // 'QRLS'
const version = 1;
export const segmentHeaderBytes = 16;
const zeros = new Uint8Array(256 << 10);

export const segmentName = (number: number): string => `${String(number).padStart(8, '0')}.seg`;

/** Ascending numbers of the segments in the folder. */
export function segmentsIn(disk: Disk, folder: string): number[] {
  return disk
    .list(folder)
    .flatMap((name) => /^(\d{8,})\.seg$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** One file of the log, open for writing. Places in it are kept by its owner. */
export class LogSegment {
  readonly number: number;
  readonly bytes: number;
  readonly path: string;
  readonly #file: DiskFile;

  private constructor(number: number, bytes: number, path: string, file: DiskFile) {
    this.number = number;
    this.bytes = bytes;
    this.path = path;
    this.#file = file;
  }

  static async create(
    disk: Disk,
    folder: string,
    number: number,
    bytes: number,
  ): Promise<LogSegment> {
    const path = segmentPath(folder, number);
    // Synced bit by bit: one large sync would hold up the log's own writes.
    const fresh = `${path}.new`;
    const file = await disk.open(fresh, { create: true, durable: true });
    try {
      for (let at = 0; at < bytes; at += zeros.length) {
        await file.write(zeros.subarray(0, Math.min(zeros.length, bytes - at)), at);
      }
      await file.write(header(number), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(fresh, path);
    await disk.syncFolder(folder);
    return LogSegment.open(disk, folder, number);
  }

  static async open(disk: Disk, folder: string, number: number): Promise<LogSegment> {
    const path = segmentPath(folder, number);
    const file = await disk.open(path, { create: false, durable: true });
    return new LogSegment(number, disk.size(path), path, file);
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    return this.#file.write(bytes, at);
  }

  async zero(from: number): Promise<void> {
    for (let at = from; at < this.bytes; at += zeros.length) {
      await this.#file.write(zeros.subarray(0, Math.min(zeros.length, this.bytes - at)), at);
    }
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

export function segmentPath(folder: string, number: number): string {
  return `${folder}/${segmentName(number)}`;
}

/** The whole file; undefined where its header is not that of segment `number`. */
export function readSegment(disk: Disk, folder: string, number: number): Buffer | undefined {
  const path = segmentPath(folder, number);
  const bytes = disk.read(path, 0, disk.size(path));
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return image.subarray(0, segmentHeaderBytes).equals(header(number)) ? image : undefined;
}

function header(number: number): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt32BE(version, 4);
  bytes.writeUInt32BE(number, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}
