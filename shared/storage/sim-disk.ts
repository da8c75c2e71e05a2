import type { Rng } from '#shared/base';
import type { Disk, DiskFile, OpenOptions } from './disk.ts';

const sectorBytes = 512;

export type DiskErrorCode = 'ENOSPC' | 'EIO' | 'EROFS';
type Operation = 'open' | 'write' | 'sync' | 'rename' | 'remove' | 'sync-folder';

interface PendingWrite {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const never = new Promise<never>(() => undefined);

/** A file's bytes: as a reader sees them now, and as a power failure would leave them. */
class Content {
  image = new Uint8Array();
  durable = new Uint8Array();
  pending: PendingWrite[] = [];

  write(write: PendingWrite): void {
    this.image = overlaid(this.image, write.at, write.bytes);
    this.pending.push(write);
  }

  sync(): void {
    for (const { at, bytes } of this.pending) this.durable = overlaid(this.durable, at, bytes);
    this.pending = [];
  }

  /** Of what was not synced, any sectors may be there, or none. */
  lose(rng: Rng): void {
    for (const { at, bytes } of this.pending) {
      const chance = [0, 1, rng.next()][rng.int(3)] ?? 0;
      for (let from = 0; from < bytes.length; ) {
        const end = Math.min(bytes.length, from + sectorBytes - ((at + from) % sectorBytes));
        if (rng.next() < chance) {
          this.durable = overlaid(this.durable, at + from, bytes.subarray(from, end));
        }
        from = end;
      }
    }
    this.pending = [];
    this.image = this.durable.slice();
  }
}

function overlaid(old: Uint8Array, at: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = Math.max(old.length, at + bytes.length);
  const result = size === old.length ? (old as Uint8Array<ArrayBuffer>) : new Uint8Array(size);
  if (result !== old) result.set(old);
  result.set(bytes, at);
  return result;
}

/** Runs the end of an operation: when a simulator's clock says so. */
export type Later = (done: () => void) => void;

export interface SimDiskOptions {
  readonly rng: Rng;
  /** For those who bring none of their own. Default: at once. */
  readonly later?: Later;
}

/** A process that has the disk, in one of its lives. */
interface Holder {
  readonly epoch: number;
  readonly later: Later;
}

/**
 * A disk in memory that keeps what it promised and nothing more: writes that were not synced are lost
 * or torn by sectors when the power fails, names that were not synced come undone from the last
 * one backwards. It also fills up, fails, stalls and rots, as it is told.
 */
export class SimDisk {
  readonly #rng: Rng;
  readonly #later: Later;
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();
  #nameChanges: ((names: Map<string, Content>) => void)[] = [];
  #epoch = 0;
  #failures: { code: DiskErrorCode; match: (operation: Operation, path: string) => boolean }[] = [];
  #stalled: (() => void)[] | undefined;
  /** Nothing may grow any more. */
  full = false;
  /** Operations done so far, for whoever wants to break the one after. */
  operations = 0;

  constructor({ rng, later }: SimDiskOptions) {
    this.#rng = rng;
    this.#later = later ?? queueMicrotask;
  }

  // What goes wrong.

  /** The power fails: operations under way never end, and of what was not synced anything may be gone. */
  crash(): void {
    this.kill();
    const kept = this.#rng.int(this.#nameChanges.length + 1);
    for (const change of this.#nameChanges.slice(0, kept)) change(this.#durableNames);
    this.#nameChanges = [];
    this.#names = new Map(this.#durableNames);
    for (const content of new Set(this.#names.values())) content.lose(this.#rng);
  }

  /** The process dies, the machine lives on: what was written is there, synced or not. */
  kill(): void {
    this.#epoch++;
    this.#failures = [];
    this.resume();
  }

  /** The next operation that matches fails; a write, after any part of it. */
  failNext(
    code: DiskErrorCode,
    match: (operation: Operation, path: string) => boolean = () => true,
  ): void {
    this.#failures.push({ code, match });
  }

  /** Operations begin, but do not end before `resume`. */
  stall(): void {
    this.#stalled ??= [];
  }

  resume(): void {
    const waiting = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const done of waiting) done();
  }

  /** Bit rot, in what is durable. */
  flip(path: string, byte: number, bit = 0): void {
    const content = this.#content(path);
    for (const bytes of [content.durable, content.image]) {
      if (byte < bytes.length) bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit);
    }
  }

  /** A sector that reads as zeros, though it was written: a disk that lied about a sync. */
  loseSector(path: string, byte: number): void {
    const content = this.#content(path);
    const from = byte - (byte % sectorBytes);
    for (const bytes of [content.durable, content.image]) bytes.fill(0, from, from + sectorBytes);
  }

  /** The disk as a process has it: after a crash whatever that process still tries never happens. */
  attach(later: Later = this.#later): Disk {
    const holder: Holder = { epoch: this.#epoch, later };
    return {
      makeFolder: () => Promise.resolve(),
      open: (path, options) => this.#open(holder, path, options),
      read: (path, at, length) => this.#content(path).image.slice(at, at + length),
      size: (path) => this.#content(path).image.length,
      list: (folder) => this.list(folder),
      rename: (from, to) =>
        this.#do(holder, 'rename', from, () => {
          const content = this.#content(from);
          this.#rename((names) => {
            names.delete(from);
            names.set(to, content);
          });
        }),
      remove: (path) =>
        this.#do(holder, 'remove', path, () => this.#rename((names) => names.delete(path))),
      syncFolder: (folder) =>
        this.#do(holder, 'sync-folder', folder, () => {
          for (const change of this.#nameChanges) change(this.#durableNames);
          this.#nameChanges = [];
        }),
    };
  }

  list(folder: string): string[] {
    const prefix = `${folder}/`;
    const names = [...this.#names.keys()].filter((path) => path.startsWith(prefix));
    return names.map((path) => path.slice(prefix.length)).sort();
  }

  async #open(holder: Holder, path: string, { create, durable }: OpenOptions): Promise<DiskFile> {
    const content = await this.#do(holder, 'open', path, () => {
      if (create) {
        if (this.full) throw diskError('ENOSPC', 'open', path);
        const fresh = new Content();
        this.#rename((names) => names.set(path, fresh));
      }
      return this.#content(path);
    });
    return {
      path,
      write: (bytes, at) =>
        this.#write(holder, path, content, { at, bytes: bytes.slice() }, durable),
      sync: () => this.#do(holder, 'sync', path, () => content.sync()),
      close: () => Promise.resolve(),
    };
  }

  async #write(
    holder: Holder,
    path: string,
    content: Content,
    write: PendingWrite,
    durable: boolean,
  ): Promise<void> {
    if (holder.epoch !== this.#epoch) return never;
    const grows = write.at + write.bytes.length > content.image.length;
    const failure = this.full && grows ? 'ENOSPC' : this.#takeFailure('write', path);
    if (failure) {
      const end = write.at + this.#rng.int(write.bytes.length + 1);
      const part = Math.max(0, end - (end % sectorBytes) - write.at);
      content.write({ at: write.at, bytes: write.bytes.subarray(0, part) });
    } else {
      content.write(write);
    }
    await this.#end(holder);
    if (holder.epoch !== this.#epoch) return never;
    if (failure) throw diskError(failure, 'write', path);
    if (durable) content.sync();
  }

  async #do<T>(holder: Holder, operation: Operation, path: string, effect: () => T): Promise<T> {
    if (holder.epoch !== this.#epoch) return never;
    const failure = this.#takeFailure(operation, path);
    await this.#end(holder);
    // In one go with its effect: a crash may come between the end and whoever waits for it.
    if (holder.epoch !== this.#epoch) return never;
    if (failure) throw diskError(failure, operation, path);
    return effect();
  }

  /** Resolves when the operation is done, or a crash has come first. */
  #end(holder: Holder): Promise<void> {
    this.operations++;
    return new Promise((resolve) => {
      const done = (): void => {
        if (this.#stalled) this.#stalled.push(done);
        else resolve();
      };
      holder.later(done);
    });
  }

  #takeFailure(operation: Operation, path: string): DiskErrorCode | undefined {
    const at = this.#failures.findIndex(({ match }) => match(operation, path));
    return at < 0 ? undefined : this.#failures.splice(at, 1)[0]?.code;
  }

  #rename(change: (names: Map<string, Content>) => void): void {
    change(this.#names);
    this.#nameChanges.push(change);
  }

  #content(path: string): Content {
    const content = this.#names.get(path);
    if (content) return content;
    throw Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), {
      code: 'ENOENT',
    });
  }
}

const texts: Record<DiskErrorCode, string> = {
  ENOSPC: 'no space left on device',
  EIO: 'i/o error',
  EROFS: 'read-only file system',
};

function diskError(code: DiskErrorCode, operation: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${texts[code]}, ${operation} '${path}'`), { code });
}
