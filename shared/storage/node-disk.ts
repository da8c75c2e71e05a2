import {
  close,
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  open,
  openSync,
  readdirSync,
  readSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { systemClock } from '#shared/clock';
import { DiskPace } from './disk-pace.ts';
import type { Disk, DiskFile, OpenOptions } from './disk.ts';

/** The machine's own disk. */
export const nodeDisk: Disk = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },

  open(path, options) {
    return new Promise((resolve, reject) => {
      open(path, flags(options), 0o600, (error, fd) => {
        if (error) reject(error);
        else resolve(new NodeFile(path, fd, options.durable));
      });
    });
  },

  read(path, at, length) {
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.allocUnsafeSlow(Math.min(length, Math.max(0, fstatSync(fd).size - at)));
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(fd, bytes, done, bytes.length - done, at + done);
        if (count === 0) return bytes.subarray(0, done);
        done += count;
      }
      return bytes;
    } finally {
      closeSync(fd);
    }
  },

  size: (path) => statSync(path).size,

  list(folder) {
    try {
      return readdirSync(folder).sort();
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    }
  },

  rename,
  remove: (path) => rm(path, { force: true }),

  syncFolder(path) {
    return new Promise((resolve, reject) => {
      const fd = openSync(path, 'r');
      fsync(fd, (error) => {
        closeSync(fd);
        if (error) reject(error);
        else resolve();
      });
    });
  },
};

function flags({ create, durable }: OpenOptions): number {
  const { O_RDWR, O_CREAT, O_TRUNC, O_DSYNC } = constants;
  return O_RDWR | (create ? O_CREAT | O_TRUNC : 0) | (durable ? O_DSYNC : 0);
}

/** A request or two: with more, what is proposed meanwhile had better share the next write. */
const smallWriteBytes = 1 << 10;

/** Bare callbacks: the log's write is on the way of every put. */
class NodeFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  readonly #pace: DiskPace | undefined;

  constructor(path: string, fd: number, durable: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#pace = durable ? new DiskPace() : undefined;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    const pace = this.#pace;
    if (!pace) return this.#writeAside(bytes, at);
    const here = bytes.length <= smallWriteBytes && pace.quick;
    // What this turn sends goes out first.
    if (here) await Promise.resolve();
    const startedMs = systemClock.monotonic();
    if (here) this.#writeHere(bytes, at);
    else await this.#writeAside(bytes, at);
    pace.took(systemClock.monotonic() - startedMs);
  }

  #writeHere(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    }
  }

  /** By a thread of the pool. */
  #writeAside(bytes: Uint8Array, at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const from = (done: number): void => {
        write(this.#fd, bytes, done, bytes.length - done, at + done, (error, count) => {
          if (error) reject(error);
          else if (done + count === bytes.length) resolve();
          else from(done + count);
        });
      };
      from(0);
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      close(this.#fd, (error) => (error ? reject(error) : resolve()));
    });
  }
}
