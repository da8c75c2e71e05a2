import type { Rng } from '#shared/base';
import {
  type LevelOperation,
  type LogSizes,
  type Medium,
  type RecoveredLog,
  recoverLog,
  SimDisk,
  type TailSizes,
} from '#shared/storage';
import { LevelStore, openStore } from './level-store.ts';
import { MachineTime } from './machine-time.ts';
import type { SimProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Milliseconds, drawn uniformly between both. */
export type Span = readonly [number, number];

export function drawFrom(rng: Rng, [low, high]: Span): number {
  return low + rng.next() * (high - low);
}

/** Small, so that logs go from one segment to the next and drop old ones. */
const logSizes: LogSizes = { firstSegmentBytes: 16 << 10, segmentBytes: 32 << 10 };

/** A computer: its clock and its disk outlive the processes that run on it. */
export class Machine {
  readonly name: string;
  readonly time: MachineTime;
  readonly #scheduler: Scheduler;
  readonly #rng: Rng;
  readonly #syncMs: Span;
  readonly #logSizes: LogSizes;
  readonly #stores = new Map<string, LevelStore>();
  readonly #texts = new Map<string, string>();
  /** Times longer than usual. */
  slowness = 1;
  readonly #disk: SimDisk;
  /** Its disk does not give back what it was given. */
  rotten = false;
  /** Called once, when the next log write has been begun. */
  inNextWrite: (() => void) | undefined;

  /** `logTail`: how much of its log a process here keeps in memory. */
  constructor(name: string, scheduler: Scheduler, rng: Rng, syncMs: Span, logTail?: TailSizes) {
    this.name = name;
    this.time = new MachineTime(scheduler);
    this.#scheduler = scheduler;
    this.#rng = rng;
    this.#syncMs = syncMs;
    this.#logSizes = { ...logSizes, tail: logTail };
    this.#disk = new SimDisk({ rng });
  }

  get full(): boolean {
    return this.#disk.full;
  }

  set full(full: boolean) {
    this.#disk.full = full;
  }

  /** Whoever ran here has died; where the power went too, what was not synced is in danger. */
  crash(power: boolean): void {
    if (power) this.#disk.crash();
    else this.#disk.kill();
    for (const store of this.#stores.values()) {
      if (power) store.crash(this.#rng);
      else store.abandon(this.#rng);
    }
  }

  /** Names of the files of the raft log. */
  get logFiles(): readonly string[] {
    return this.#disk.list(this.#logFolder);
  }

  /** What somebody who starts here now would find. */
  readLog(): RecoveredLog {
    return recoverLog(this.#disk.attach(), this.#logFolder);
  }

  get #logFolder(): string {
    return `/${this.name}/log`;
  }

  /** Flips a bit of the raft log, which promises to notice. */
  rot(): void {
    const folder = this.#logFolder;
    const names = this.logFiles;
    const path = `${folder}/${names[this.#rng.int(Math.max(1, names.length))] ?? ''}`;
    if (names.length === 0) return;
    const reader = this.#disk.attach();
    const used = reader.read(path, 0, reader.size(path)).findLastIndex((byte) => byte !== 0);
    if (used < 0) return;
    this.#disk.flip(path, this.#rng.int(used + 1), this.#rng.int(8));
    this.rotten = true;
  }

  /** The disk as one process sees it. */
  medium(process: SimProcess): Medium {
    const later = <T>(fn: () => T): Promise<T> =>
      new Promise((resolve) => {
        const ms = drawFrom(this.#rng, this.#syncMs) * this.slowness;
        this.#scheduler.at(process, this.#scheduler.now + ms, () => resolve(fn()));
      });
    return {
      disk: this.#disk.attach((done) => this.#logWrite(process, done)),
      logSizes: this.#logSizes,
      openLevel: (folder) => {
        const store = this.#stores.get(folder) ?? new LevelStore();
        this.#stores.set(folder, store);
        const write = this.#writer(process, store);
        return Promise.resolve(openStore(store, write));
      },
      makeFolder: () => Promise.resolve(),
      list: (folder) => this.#list(folder),
      removeFolder: (path) =>
        later(() => {
          this.#stores.delete(path);
        }),
      bytes: () => Promise.resolve(0),
      read: (path) => Promise.resolve(this.#texts.get(path)),
      replace: (path, text) =>
        later(() => {
          this.#texts.set(path, text);
        }),
    };
  }

  #list(folder: string): string[] {
    const names = [...this.#stores.keys(), ...this.#texts.keys()]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1));
    return [...new Set(names)];
  }

  #writer(process: SimProcess, store: LevelStore) {
    let freeAt = 0;
    return (operations: readonly LevelOperation[], sync: boolean): Promise<void> => {
      if (this.full) return Promise.reject(new Error('ENOSPC: no space left on device, write'));
      return new Promise((written) => {
        store.begin({ operations, sync, written });
        const ms = sync ? drawFrom(this.#rng, this.#syncMs) * this.slowness : 0.05;
        freeAt = Math.max(freeAt, this.#scheduler.now) + ms;
        this.#scheduler.at(process, freeAt, () => store.land());
      });
    };
  }

  #logWrite(process: SimProcess, done: () => void): void {
    const ms = drawFrom(this.#rng, this.#syncMs) * this.slowness;
    this.#scheduler.at(process, this.#scheduler.now + ms, done);
    const fault = this.inNextWrite;
    if (!fault) return;
    this.inNextWrite = undefined;
    this.#scheduler.at(process, this.#scheduler.now + this.#rng.next() * 2 * ms, fault);
  }
}
