import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

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

/**
 * The output of one container attempt: `log`, which its processes append to, and what was rotated
 * out of it: `log.1`, `log.2`, … the larger the older. The processes hold `log` open, so rotation
 * copies it and truncates it; it runs synchronously, so that no reader here sees it half done.
 */
export class LogFile {
  readonly #path: string;
  #generation = 0;

  constructor(path: string) {
    this.#path = path;
  }

  rotateIfLarge({ maxBytes, maxFiles }: LogLimits): void {
    if (!existsSync(this.#path) || statSync(this.#path).size <= maxBytes) return;
    for (let age = maxFiles - 2; age >= 1; age--) {
      if (existsSync(this.#name(age))) renameSync(this.#name(age), this.#name(age + 1));
    }
    const log = openSync(this.#path, 'r+');
    try {
      if (maxFiles > 1) {
        copyFileSync(this.#path, this.#name(1));
        this.#appendRest(log, this.#name(1));
      }
      ftruncateSync(log, 0);
      this.#generation++;
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
