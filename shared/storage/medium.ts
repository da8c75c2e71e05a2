import { readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { openLevel, type Level, type LevelOptions } from './level.ts';
import { nodeDisk } from './node-disk.ts';
import type { LogSizes } from './log-files.ts';

/** What a data directory lies on: the machine's disk, or a simulated one. */
export interface Medium {
  /** Where the raft log lies. */
  readonly disk: Disk;
  /** Absent: the usual ones. */
  readonly logSizes?: LogSizes;
  openLevel(folder: string, options: LevelOptions): Promise<Level>;
  makeFolder(path: string): Promise<void>;
  list(folder: string): readonly string[];
  removeFolder(path: string): Promise<void>;
  /** Of all files of a folder. */
  bytes(folder: string): Promise<number>;
  /** Undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Durable and atomic: a crash leaves the old text or the new one. */
  replace(path: string, text: string): Promise<void>;
}

export const systemMedium: Medium = {
  disk: nodeDisk,
  openLevel,
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  list: (folder) => readdirSync(folder),
  removeFolder: (path) => rm(path, { recursive: true, force: true }),
  async bytes(folder) {
    let bytes = 0;
    for (const name of readdirSync(folder)) {
      // LevelDB removes files at any time.
      const info = await stat(join(folder, name)).catch(() => undefined);
      bytes += info?.size ?? 0;
    }
    return bytes;
  },
  read: (path) =>
    readFile(path, 'utf8').catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw thrown;
    }),
  async replace(path, text) {
    await writeFile(`${path}.new`, text, { flush: true });
    await rename(`${path}.new`, path);
    await nodeDisk.syncFolder(dirname(path));
  },
};
