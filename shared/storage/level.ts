import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { messageOf, QuorateError } from '#shared/base';

type Bytes = Uint8Array;

export type LevelOperation =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes }
  | { readonly type: 'del'; readonly key: Bytes };

interface LevelSnapshot {
  close(): Promise<void>;
}

interface LevelIteratorOptions {
  readonly gte?: Bytes;
  readonly lt?: Bytes;
  readonly lte?: Bytes;
  readonly snapshot?: LevelSnapshot;
  readonly highWaterMarkBytes?: number;
}

/** What is used of LevelDB, with bytes for keys and values. A batch is one atomic write. */
export interface Level {
  getSync(key: Bytes, options?: { readonly snapshot?: LevelSnapshot }): Bytes | undefined;
  batch(operations: LevelOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  iterator(options: LevelIteratorOptions): {
    nextv(size: number): Promise<[Bytes, Bytes][]>;
    close(): Promise<void>;
  };
  snapshot(): LevelSnapshot;
  compactRange(low: Bytes, high: Bytes): Promise<void>;
  close(): Promise<void>;
}

export interface LevelOptions {
  /** Bytes of block cache. */
  readonly cacheSize: number;
  /** Bytes gathered in memory before a table file is written; up to twice that is held. */
  readonly writeBufferSize: number;
}

const holderFile = 'HOLDER';

/** Opens or creates a database; the error of a taken one names the process that holds it. */
export async function openLevel(folder: string, options: LevelOptions): Promise<Level> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const level = new ClassicLevel<Bytes, Bytes>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    ...options,
  });
  try {
    await level.open();
    writeFileSync(join(folder, holderFile), `${process.pid}\n`);
  } catch (thrown) {
    await level.close();
    throw openError(folder, thrown);
  }
  const usual: Level = level;
  return {
    getSync: (key, read) => usual.getSync(key, read),
    batch: (operations, write) => chained(level, operations).write(write ?? {}),
    iterator: (range) => usual.iterator(range),
    snapshot: () => usual.snapshot(),
    compactRange: (low, high) => usual.compactRange(low, high),
    close: () => usual.close(),
  };
}

/** Operation by operation: half of what handing over a list of objects costs. */
function chained(
  level: ClassicLevel<Bytes, Bytes>,
  operations: readonly LevelOperation[],
): ReturnType<typeof level.batch> {
  const batch = level.batch();
  for (const operation of operations) {
    if (operation.type === 'put') batch.put(operation.key, operation.value);
    else batch.del(operation.key);
  }
  return batch;
}

function openError(folder: string, thrown: unknown): QuorateError {
  const cause = (thrown as { cause?: { code?: string; message?: string } }).cause;
  if (cause?.code === 'LEVEL_LOCKED') {
    return new QuorateError(
      'unavailable',
      `the data directory ${dirname(folder)} is in use by ${holder(folder)}: stop it first, or choose another --data-dir`,
      { cause: thrown },
    );
  }
  return levelError(`the database in ${folder}`, thrown);
}

/** What the machine says of the disk, and not LevelDB of what is on it. */
const ofTheDisk =
  /No space left|quota exceeded|Permission denied|not permitted|Read-only|Too many open files|Input\/output error|Cannot allocate/;

/** Of something that LevelDB, or whoever looked at what it gave, could not open or read. */
export function levelError(what: string, thrown: unknown): QuorateError {
  const cause = (thrown as { cause?: unknown }).cause ?? thrown;
  const text = messageOf(cause);
  // Not LevelDB's: of the file that is written beside its own.
  const isOwn = (cause as { syscall?: unknown }).syscall !== undefined;
  if (isOwn || ofTheDisk.test(text)) {
    const advice = 'mend that, then start again';
    return new QuorateError('unavailable', `cannot open ${what}: ${text}: ${advice}`, {
      cause: thrown,
    });
  }
  return new QuorateError('data-loss', `${what} is damaged (${text}): ${replaceMember}`, {
    cause: thrown,
  });
}

function holder(folder: string): string {
  try {
    return `process ${readFileSync(join(folder, holderFile), 'utf8').trim()}`;
  } catch {
    // Its holder has not come so far, or is not one of ours.
    return 'another process';
  }
}

/** What to do about a member whose own files cannot be trusted. */
export const replaceMember =
  'move this directory away and let the member come back empty as a new one, ' +
  'or restore it from a backup; while a majority of the other members is healthy nothing is lost';

/** After a failed write nobody knows what is on disk: the member must stop. */
export function writeError(what: string, thrown: unknown): QuorateError {
  const cause = (thrown as { cause?: unknown }).cause ?? thrown;
  const text = messageOf(cause);
  return new QuorateError(
    'data-loss',
    `cannot write the ${what}: ${text}. This member stops; free the disk or mend it, then start it again`,
    { cause: thrown },
  );
}
