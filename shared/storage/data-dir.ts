import { readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import type { HardState } from '#shared/raft';
import { KvBackend } from './kv-backend.ts';
import { openLevel, writeError } from './level.ts';
import { RaftLog } from './raft-log.ts';
import { decodeChunk } from './snapshot-chunks.ts';

/** A snapshot that has arrived completely and is not in use yet. */
export interface StagedSnapshot {
  readonly number: number;
}

const backendFolder = (number: number): string => `kv-${String(number).padStart(6, '0')}`;

/**
 * One member's directory: `log/` and the backend `kv-NNNNNN/` that the log names as its own. A
 * snapshot arrives in a fresh backend folder; the log's own batch switches over to it, so that
 * a crash leaves either the old state or the new one. Folders nobody names are removed at the start.
 */
export class DataDir {
  readonly path: string;
  readonly log: RaftLog;
  #backend: KvBackend;
  #nextNumber: number;

  private constructor(path: string, log: RaftLog, backend: KvBackend) {
    this.path = path;
    this.log = log;
    this.#backend = backend;
    this.#nextNumber = log.backendNumber + 1;
  }

  static async open(path: string): Promise<DataDir> {
    await makeFolder(path);
    const log = await RaftLog.open(join(path, 'log'));
    try {
      const current = backendFolder(log.backendNumber);
      for (const name of readdirSync(path)) {
        if (/^kv-\d+$/.test(name) && name !== current) {
          await rm(join(path, name), { recursive: true, force: true });
        }
      }
      const backend = await KvBackend.open(join(path, current));
      // What is applied was committed, though the log may not have heard of it before a crash.
      log.raiseCommit(backend.applied.index);
      log.setConfState(backend.applied.confState);
      return new DataDir(path, log, backend);
    } catch (thrown) {
      await log.close();
      throw thrown;
    }
  }

  get backend(): KvBackend {
    return this.#backend;
  }

  /** Writes arriving chunks into a folder of their own, which `discard` or `install` takes. */
  async stage(chunks: AsyncIterable<Uint8Array>): Promise<StagedSnapshot> {
    const number = this.#nextNumber++;
    const folder = join(this.path, backendFolder(number));
    const level = await openLevel(folder, { cacheSize: 1 << 20, writeBufferSize: 8 << 20 });
    try {
      let count = 0;
      let end: number | undefined;
      for await (const chunk of chunks) {
        const records = decodeChunk(chunk);
        if (typeof records === 'number') {
          end = records;
          continue;
        }
        count += records.length;
        const batch = records.map(([key, value]) => ({ type: 'put', key, value }) as const);
        await level.batch(batch).catch((thrown: unknown) => {
          throw writeError('arriving snapshot', thrown);
        });
      }
      if (end !== count) {
        throw new QuorateError('unavailable', 'the snapshot stream ended before its end');
      }
      // LevelDB syncs a log file as a whole, and table files when it makes them.
      await level.batch([{ type: 'del', key: Uint8Array.of(0) }], { sync: true });
      await level.close();
      return { number };
    } catch (thrown) {
      await level.close();
      await this.discard({ number });
      throw thrown;
    }
  }

  async discard({ number }: StagedSnapshot): Promise<void> {
    await rm(join(this.path, backendFolder(number)), { recursive: true, force: true });
  }

  /**
   * Switches to a staged snapshot: from the log's batch on it is this member's state. Nobody may
   * use the old backend any more.
   */
  async install(staged: StagedSnapshot, hardState: HardState): Promise<KvBackend> {
    const backend = await KvBackend.open(join(this.path, backendFolder(staged.number)));
    const { index, term } = backend.applied;
    await this.log.startFrom({ index, term, backend: staged.number }, hardState);
    const old = this.#backend;
    const oldFolder = old.folder;
    this.log.setConfState(backend.applied.confState);
    this.#backend = backend;
    await old.close();
    await rm(oldFolder, { recursive: true, force: true });
    return backend;
  }

  /** Bytes of the backend on disk. */
  async backendBytes(): Promise<number> {
    const { folder } = this.#backend;
    let bytes = 0;
    for (const name of readdirSync(folder)) {
      // LevelDB removes files at any time.
      const info = await stat(join(folder, name)).catch(() => undefined);
      bytes += info?.size ?? 0;
    }
    return bytes;
  }

  /** A small file beside the databases, replaced atomically. */
  async writeJson(name: string, value: unknown): Promise<void> {
    const file = join(this.path, name);
    await writeFile(`${file}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { flush: true });
    await rename(`${file}.new`, file);
  }

  /** Undefined where there is no such file. */
  async readJson(name: string): Promise<unknown> {
    const text = await readFile(join(this.path, name), 'utf8').catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw thrown;
    });
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  }

  async close(): Promise<void> {
    await this.#backend.close();
    await this.log.close();
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new QuorateError('bad-request', `cannot create the data directory ${path}: ${text}`, {
      cause: thrown,
    });
  }
}
