import type { QuorateError } from '#shared/base';
import { RevisionReader } from '#shared/mvcc';
import { appliedKey, type AppliedState, decodeApplied, type RowsCheck } from './applied-state.ts';
import { type Level, levelError } from './level.ts';
import { recordsOf } from './page.ts';
import { isPageKey, isRecordKey, latin1, opened, unsealed } from './sealed-records.ts';
import { Seals } from './seals.ts';
import type { SnapshotRecord } from './snapshot-chunks.ts';
import { SortedKeys } from './sorted-keys.ts';

export const scanBytes = 1 << 20;
const rowsAtOnce = 1000;

export interface Loaded {
  /** How many records there are, in pages and not. */
  readonly count: number;
  readonly keys: SortedKeys;
  /** Of all rows but the applied state's. */
  readonly seals: Seals;
  /** Names of pages. */
  readonly pages: SortedKeys;
  /** The key of the last record in a page; empty where there is none. */
  readonly newestPaged: Uint8Array;
  readonly revisions: RevisionReader;
  readonly applied: AppliedState;
  readonly sequences: Map<number, number>;
  readonly liveBytes: number;
}

/** Reads everything once: a record that is not as it was written, or is missing, is found here. */
export async function load(level: Level, folder: string): Promise<Loaded> {
  try {
    return await loadChecked(level);
  } catch (thrown) {
    throw damaged(folder, thrown);
  }
}

async function loadChecked(level: Level): Promise<Loaded> {
  const bytes = unsealed(appliedKey, level.getSync(appliedKey));
  const loader = new Loader();
  const iterator = level.iterator({ highWaterMarkBytes: scanBytes });
  try {
    for await (const rows of batchesOf(iterator)) {
      for (const [key, stored] of rows) loader.row(key, stored);
    }
  } finally {
    await iterator.close();
  }
  const { check, ...decoded } = decodeApplied(bytes);
  compareRows(loader.seals.check, check);
  const { keys, seals, pages, newestPaged, revisions, count, liveBytes } = loader;
  return { keys, seals, pages, newestPaged, revisions, count, liveBytes, ...decoded };
}

/** Throws where the rows that were found are not those that were written. */
export function compareRows(found: RowsCheck, written: RowsCheck | undefined): void {
  if (!written) return;
  if (found.count !== written.count) {
    throw new Error(`it holds ${found.count} rows, not the ${written.count} that were written`);
  }
  if (found.digest !== written.digest) {
    throw new Error('some of its rows are older ones than were written');
  }
}

/** Takes the rows in their order. */
class Loader {
  readonly keys = new SortedKeys();
  readonly seals = new Seals();
  readonly pages = new SortedKeys();
  readonly revisions = new RevisionReader();
  newestPaged: Uint8Array = new Uint8Array();
  count = 0;
  liveBytes = 0;

  row(key: Uint8Array, stored: Uint8Array): void {
    const value = opened(key, stored);
    // It holds the digest of all the others.
    if (Buffer.compare(key, appliedKey) === 0) return;
    this.seals.set(key, stored);
    const plain = key.subarray(1);
    if (isPageKey(key)) this.#page(plain, value);
    if (!isRecordKey(key)) return;
    this.keys.add(latin1(plain));
    this.#record(plain, value);
  }

  #page(plain: Uint8Array, value: Uint8Array): void {
    this.pages.add(latin1(plain));
    let last = plain;
    for (const [id, record] of recordsOf(value)) {
      this.#record(id, record);
      last = id;
    }
    // A copy: it shall not keep the page.
    this.newestPaged = new Uint8Array(last);
  }

  #record(key: Uint8Array, value: Uint8Array): void {
    this.count++;
    this.liveBytes += key.length + value.length;
    this.revisions.add(key, value);
  }
}

export function damaged(folder: string, thrown: unknown): QuorateError {
  return levelError(`the backend in ${folder}`, thrown);
}

interface Rows {
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
}

/** The next rows are read while these are dealt with. */
async function* batchesOf(iterator: Rows): AsyncGenerator<[Uint8Array, Uint8Array][], void> {
  let next = iterator.nextv(rowsAtOnce);
  for (;;) {
    const rows = await next;
    if (rows.length === 0) return;
    next = iterator.nextv(rowsAtOnce);
    // Whoever goes on hears of it; whoever stops here need not.
    next.catch(() => undefined);
    yield rows;
  }
}

export async function* rowsOf(iterator: Rows): AsyncGenerator<SnapshotRecord, void> {
  for await (const rows of batchesOf(iterator)) yield* rows;
}
