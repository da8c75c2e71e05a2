import { crc32 } from 'node:zlib';
import { messageOf, QuorateError } from '#shared/base';
import { RevisionReader } from '#shared/mvcc';
import { appliedKey, type AppliedState, decodeApplied } from './applied-state.ts';
import { type Level, replaceMember } from './level.ts';
import { dataPrefix, openedBy, unsealed } from './sealed-records.ts';
import type { SnapshotRecord } from './snapshot-chunks.ts';
import { SortedKeys } from './sorted-keys.ts';

export const scanBytes = 1 << 20;
const rowsAtOnce = 1000;

export interface Loaded {
  readonly keysDigest: number;
  readonly keys: SortedKeys;
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
  const keys = new SortedKeys();
  const revisions = new RevisionReader();
  let liveBytes = 0;
  let keysDigest = 0;
  const iterator = level.iterator({
    gte: Uint8Array.of(dataPrefix),
    lt: Uint8Array.of(dataPrefix + 1),
    highWaterMarkBytes: scanBytes,
  });
  try {
    for await (const rows of batchesOf(iterator)) {
      for (const [key, stored] of rows) {
        const keyCrc = crc32(key);
        const value = openedBy(keyCrc, stored);
        const plain = Buffer.from(key.buffer, key.byteOffset + 1, key.byteLength - 1);
        keys.add(plain.toString('latin1'));
        keysDigest ^= keyCrc;
        liveBytes += plain.length + value.length;
        revisions.add(plain, value);
      }
    }
  } finally {
    await iterator.close();
  }
  const { check, ...decoded } = decodeApplied(bytes);
  if (check.count !== keys.size || check.digest !== keysDigest) {
    throw new Error(`it holds ${keys.size} records, not the ${check.count} that were written`);
  }
  return { keys, keysDigest, revisions, ...decoded, liveBytes };
}

export function damaged(folder: string, thrown: unknown): QuorateError {
  const text = messageOf(thrown);
  return new QuorateError(
    'data-loss',
    `the backend in ${folder} is damaged (${text}): ${replaceMember}`,
    {
      cause: thrown,
    },
  );
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
