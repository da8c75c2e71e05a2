import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LogTimes } from './log-times.ts';

export interface LogLimits {
  /** A log is rotated when it is larger (Kubernetes: containerLogMaxSize, 10 MiB). */
  readonly maxBytes: number;
  /** How many files one container attempt has at most, the current one included (5). */
  readonly maxFiles: number;
}

/** A place in a log that stays the same place when the log is rotated. */
export interface LogPosition {
  /** Which file: as many rotations ago as it is less than the log's own generation. */
  readonly generation: number;
  readonly offset: number;
}

const chunkBytes = 64 * 1024;

const timesOf = (path: string): string => `${path}.times`;

/**
 * The output of one container attempt: `log`, which its processes append to, and what was rotated
 * out of it: `log.1`, `log.2`, … the larger the older. The processes hold `log` open, so rotation
 * copies it and truncates it; it runs synchronously, so that no reader here sees it half done.
 */
export class LogFile {
  readonly #path: string;
  #generation = 0;
  #times: LogTimes;

  constructor(path: string) {
    this.#path = path;
    this.#times = new LogTimes(timesOf(path));
  }

  /** Remembers that what was written until now was written by now. */
  noteTime(): void {
    const written = statSync(this.#path, { throwIfNoEntry: false });
    if (written) this.#times.note(written.size, written.mtimeMs);
  }

  rotateIfLarge({ maxBytes, maxFiles }: LogLimits): void {
    if (!existsSync(this.#path) || statSync(this.#path).size <= maxBytes) return;
    this.noteTime();
    for (let age = maxFiles - 2; age >= 1; age--) {
      renameExisting(this.#name(age), this.#name(age + 1));
      renameExisting(timesOf(this.#name(age)), timesOf(this.#name(age + 1)));
    }
    const log = openSync(this.#path, 'r+');
    try {
      if (maxFiles > 1) {
        copyFileSync(this.#path, this.#name(1));
        this.#appendRest(log, this.#name(1));
      }
      ftruncateSync(log, 0);
      this.#generation++;
      if (maxFiles > 1) renameExisting(timesOf(this.#path), timesOf(this.#name(1)));
      else rmSync(timesOf(this.#path), { force: true });
      this.#times = new LogTimes(timesOf(this.#path));
    } finally {
      closeSync(log);
    }
  }

  /** What was written during the copy; what comes between this and the truncation is lost. */
  #appendRest(log: number, copyPath: string): void {
    const copy = openSync(copyPath, 'a');
    try {
      const from = fstatSync(copy).size;
      const rest = Buffer.alloc(fstatSync(log).size - from);
      if (rest.length > 0) writeSync(copy, rest, 0, readSync(log, rest, 0, rest.length, from));
    } finally {
      closeSync(copy);
    }
  }

  /** The oldest byte there is. */
  start(): LogPosition {
    let age = 0;
    while (existsSync(this.#name(age + 1))) age++;
    return { generation: this.#generation - age, offset: 0 };
  }

  /** Where the last `lines` lines begin; a last line need not be ended. */
  async tail(lines: number): Promise<LogPosition> {
    const oldest = this.start().generation;
    let missing = lines;
    let atEnd = true;
    for (let generation = this.#generation; generation >= oldest; generation--) {
      const path = this.#name(this.#generation - generation);
      const size = await sizeOf(path);
      if (lines <= 0) return { generation, offset: size };
      const found = await lineStart(path, size, missing, atEnd);
      if (found.offset !== undefined) return { generation, offset: found.offset };
      missing = found.missing;
      if (size > 0) atEnd = false;
    }
    return { generation: oldest, offset: 0 };
  }

  /** Where the first line begins that was written at `ms` or later, as far as times were noted. */
  async since(ms: number): Promise<LogPosition> {
    this.noteTime();
    for (let { generation } = this.start(); generation <= this.#generation; generation++) {
      const path = this.#name(this.#generation - generation);
      const offset = this.#timesOf(generation).endBefore(ms);
      if (offset < (await sizeOf(path))) {
        return { generation, offset: await nextLineStart(path, offset) };
      }
    }
    return { generation: this.#generation, offset: await sizeOf(this.#path) };
  }

  /** When the byte at a position was written, in milliseconds since the epoch. */
  timeAt({ generation, offset }: LogPosition): number {
    const times = this.#timesOf(generation);
    let time = times.at(offset);
    if (time === undefined && generation === this.#generation) {
      this.noteTime();
      time = times.at(offset);
    }
    return time ?? 0;
  }

  #timesOf(generation: number): LogTimes {
    if (generation === this.#generation) return this.#times;
    return new LogTimes(timesOf(this.#name(this.#generation - generation)));
  }

  /** The bytes at a position and the position after them; undefined at the end, for now. */
  async read(position: LogPosition): Promise<{ data: Uint8Array; next: LogPosition } | undefined> {
    let { generation, offset } = position;
    for (;;) {
      const current = this.#generation;
      const data = await readAt(this.#name(current - generation), offset);
      // Rotated in between: the bytes may be another file's.
      if (current !== this.#generation) continue;
      if (data.length > 0) {
        return { data, next: { generation, offset: offset + data.length } };
      }
      if (generation === current) return undefined;
      generation++;
      offset = 0;
    }
  }

  #name(age: number): string {
    return age === 0 ? this.#path : `${this.#path}.${age}`;
  }
}

function renameExisting(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/** `offset` itself where a line begins there. */
async function nextLineStart(path: string, offset: number): Promise<number> {
  if (offset === 0) return 0;
  let from = offset - 1;
  for (;;) {
    const data = await readAt(path, from);
    if (data.length === 0) return from;
    const end = data.indexOf(0x0a);
    if (end >= 0) return from + end + 1;
    from += data.length;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** Empty at the end of a file and for a file that is gone. */
async function readAt(path: string, offset: number): Promise<Uint8Array> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array();
    throw thrown;
  }
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Searches backwards for the start of the `missing`th last line of the first `size` bytes. */
async function lineStart(
  path: string,
  size: number,
  missing: number,
  atEnd: boolean,
): Promise<{ offset?: number; missing: number }> {
  let left = missing;
  let end = size;
  while (end > 0) {
    const from = Math.max(0, end - chunkBytes);
    const chunk = (await readAt(path, from)).subarray(0, end - from);
    for (let i = chunk.length - 1; i >= 0; i--) {
      // A newline ends the line before it: the log's very last byte starts no line.
      const lastByte = atEnd && from + i === size - 1;
      if (chunk[i] !== 0x0a || lastByte) continue;
      if (--left === 0) return { offset: from + i + 1, missing: 0 };
    }
    end = from;
  }
  return { missing: left };
}
