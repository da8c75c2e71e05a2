import { join } from 'node:path';
import { messageOf, QuorateError } from '#shared/base';
import type { HardState } from '#shared/raft';
import { KvBackend } from './kv-backend.ts';
import { type Level, replaceMember } from './level.ts';
import { lockFolder } from './lock.ts';
import { segmentsIn } from './log-segment.ts';
import { type Medium, systemMedium } from './medium.ts';
import { RaftLog } from './raft-log.ts';
import { decodeChunk } from './snapshot-chunks.ts';

/** A snapshot that has arrived completely and is not in use yet. */
export interface StagedSnapshot {
  readonly number: number;
}

/** Says whose directory it is. */
export const identityFile = 'member.json';

const isBackend = /^kv-\d+$/;
const backendFolder = (number: number): string => `kv-${String(number).padStart(6, '0')}`;

/**
 * One member's directory: `log/` and the backend `kv-NNNNNN/` that the log names as its own. A
 * snapshot arrives in a fresh backend folder; the log's own write switches over to it, so that
 * a crash leaves either the old state or the new one. Folders nobody names are removed at the start.
 */
export class DataDir {
  readonly path: string;
  readonly log: RaftLog;
  readonly #medium: Medium;
  readonly #lock: Level;
  #backend: KvBackend;
  #replaced: KvBackend | undefined;
  #nextNumber: number;

  private constructor(path: string, medium: Medium, lock: Level, log: RaftLog, backend: KvBackend) {
    this.path = path;
    this.#medium = medium;
    this.#lock = lock;
    this.log = log;
    this.#backend = backend;
    this.#nextNumber = log.backendNumber + 1;
  }

  static async open(path: string, medium: Medium = systemMedium): Promise<DataDir> {
    await makeFolder(medium, path);
    const lock = await lockFolder(path, medium);
    let log: RaftLog | undefined;
    let backend: KvBackend | undefined;
    try {
      refuseWithoutLog(path, medium);
      log = await RaftLog.open(medium.disk, join(path, 'log'), medium.logSizes);
      const current = backendFolder(log.backendNumber);
      for (const name of medium.list(path)) {
        if (isBackend.test(name) && name !== current) await medium.removeFolder(join(path, name));
      }
      backend = await KvBackend.open(join(path, current), medium);
      // What is applied was committed, though the log may not have heard of it before a crash.
      log.raiseCommit(backend.applied.index);
      log.setConfState(backend.applied.confState);
      return new DataDir(path, medium, lock, log, backend);
    } catch (thrown) {
      await backend?.close();
      await log?.close();
      await lock.close();
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
    let level: Level | undefined;
    try {
      level = await this.#medium.openLevel(folder, {
        cacheSize: 1 << 20,
        writeBufferSize: 8 << 20,
      });
      await fill(level, chunks, folder);
      await level.close();
      return { number };
    } catch (thrown) {
      await level?.close();
      await this.discard({ number });
      throw thrown;
    }
  }

  async discard({ number }: StagedSnapshot): Promise<void> {
    await this.#medium.removeFolder(join(this.path, backendFolder(number)));
  }

  /**
   * Switches to a staged snapshot: from the log's write on it is this member's state. The old backend can be
   * read until `dropReplaced`.
   */
  async install(staged: StagedSnapshot, hardState: HardState): Promise<KvBackend> {
    const backend = await KvBackend.open(
      join(this.path, backendFolder(staged.number)),
      this.#medium,
    );
    const { index, term } = backend.applied;
    await this.log.startFrom({ index, term, backend: staged.number }, hardState);
    this.log.setConfState(backend.applied.confState);
    this.#replaced = this.#backend;
    this.#backend = backend;
    return backend;
  }

  /** Closes and removes what `install` has replaced: nobody may use it any more. */
  async dropReplaced(): Promise<void> {
    const replaced = this.#replaced;
    this.#replaced = undefined;
    await replaced?.close();
    if (replaced) await this.#medium.removeFolder(replaced.folder);
  }

  /** Bytes of the backend on disk. */
  backendBytes(): Promise<number> {
    return this.#medium.bytes(this.#backend.folder);
  }

  /** A small file beside the databases, replaced atomically. */
  writeJson(name: string, value: unknown): Promise<void> {
    const text = `${JSON.stringify(value, undefined, 2)}\n`;
    return this.#medium.replace(join(this.path, name), text);
  }

  /** Undefined where there is no such file. */
  async readJson(name: string): Promise<unknown> {
    const path = join(this.path, name);
    try {
      const text = await this.#medium.read(path);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    } catch (thrown) {
      const text = `${path} cannot be read (${messageOf(thrown)}): ${replaceMember}`;
      throw new QuorateError('data-loss', text, { cause: thrown });
    }
  }

  async close(): Promise<void> {
    await this.#replaced?.close();
    await this.#backend.close();
    await this.log.close();
    await this.#lock.close();
  }
}

/** Durably; throws where the chunks end before their end, or cannot be written. */
async function fill(
  level: Level,
  chunks: AsyncIterable<Uint8Array>,
  folder: string,
): Promise<void> {
  let count = 0;
  let end: number | undefined;
  const written = async (write: Promise<void>): Promise<void> => {
    await write.catch((thrown: unknown) => {
      const text = messageOf((thrown as { cause?: unknown }).cause ?? thrown);
      const advice = 'free the disk or mend it; the snapshot is sent again';
      throw new QuorateError(
        'unavailable',
        `cannot write an arriving snapshot to ${folder}: ${text}: ${advice}`,
        { cause: thrown },
      );
    });
  };
  for await (const chunk of chunks) {
    const records = decodeChunk(chunk);
    if (typeof records === 'number') {
      end = records;
      continue;
    }
    count += records.length;
    const batch = records.map(([key, value]) => ({ type: 'put', key, value }) as const);
    await written(level.batch(batch));
  }
  if (end !== count) {
    throw new QuorateError('unavailable', 'the snapshot stream ended before its end');
  }
  // LevelDB syncs a log file as a whole, and table files when it makes them.
  await written(level.batch([{ type: 'del', key: Uint8Array.of(0) }], { sync: true }));
}

/** A log is there before an identity and before a second backend: without it nobody knows what was promised. */
function refuseWithoutLog(path: string, medium: Medium): void {
  const log = join(path, 'log');
  if (segmentsIn(medium.disk, log).length > 0) return;
  const first = backendFolder(0);
  const left = medium
    .list(path)
    .find((name) => name === identityFile || (isBackend.test(name) && name !== first));
  if (left === undefined) return;
  throw new QuorateError(
    'data-loss',
    `${path} holds ${left}, but the raft log in ${log}, which came before it, is gone: put that back, or ${replaceMember}`,
  );
}

async function makeFolder(medium: Medium, path: string): Promise<void> {
  try {
    await medium.makeFolder(path);
  } catch (thrown) {
    const text = messageOf(thrown);
    throw new QuorateError('bad-request', `cannot create the data directory ${path}: ${text}`, {
      cause: thrown,
    });
  }
}
