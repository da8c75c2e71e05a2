import { crc32 } from 'node:zlib';
import { assert, messageOf, QuorateError } from '#shared/base';
import { type Backend, RevisionReader } from '#shared/mvcc';
import type { ConfState } from '#shared/raft';
import { type Level, type LevelOperation, replaceMember, writeError } from './level.ts';
import { type Medium, systemMedium } from './medium.ts';
import { encodeChunks, type SnapshotRecord } from './snapshot-chunks.ts';
import { SortedKeys } from './sorted-keys.ts';

/** What one batch covers: everything up to `index` is in the data, nothing beyond it. */
export interface AppliedState {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** A consistent view of the backend, to be sent elsewhere. */
export interface BackendSnapshot {
  readonly applied: AppliedState;
  /** Chunks of about 256 KiB; see snapshot-chunks.ts. */
  chunks(): AsyncIterable<Uint8Array>;
  get(key: Uint8Array): Uint8Array | undefined;
  /** The records of [low, high), ascending. */
  scan(low: Uint8Array, high: Uint8Array): AsyncIterable<SnapshotRecord>;
  getMeta(name: string): unknown;
  close(): Promise<void>;
}

interface Pending {
  readonly key: Uint8Array;
  readonly keyCrc: number;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
}

const crcBytes = 4;
const appliedName = 'm/applied';
const dataPrefix = 0x6b; // 'k'
const metaEncoder = new TextEncoder();
const decoder = new TextDecoder();
const scanBytes = 1 << 20;
const rowsAtOnce = 1000;

/**
 * The state machine's data on LevelDB. Writes stay in memory, over the disk, until `flush` puts them
 * there as one synced batch together with the applied index; after a crash the raft log replays
 * the rest. Keys are kept in memory, in order, so that scans are synchronous; values are not.
 *
 * A failed flush leaves the backend in doubt: the caller must stop the member.
 */
export class KvBackend implements Backend {
  readonly folder: string;
  readonly #level: Level;
  readonly #keys: SortedKeys;
  #revisions: RevisionReader | undefined;
  #dirty = new Map<string, Pending>();
  #dirtyBytes = 0;
  #liveBytes: number;
  /** Of the keys alone, in any order: says whether all of them, and no others, are on disk. */
  #keysDigest: number;
  #flushing: Map<string, Pending> | undefined;
  #damage: QuorateError | undefined;
  #flight: Promise<void> | undefined;
  #meta = new Map<string, Uint8Array>();
  /** The last command applied of each proposer: stored with the applied index, always. */
  readonly sequences: Map<number, number>;
  #applied: AppliedState;
  #flushed: AppliedState;

  private constructor(folder: string, level: Level, loaded: Loaded) {
    this.folder = folder;
    this.#level = level;
    this.#keys = loaded.keys;
    this.#revisions = loaded.revisions;
    this.#applied = loaded.applied;
    this.sequences = loaded.sequences;
    this.#flushed = loaded.applied;
    this.#liveBytes = loaded.liveBytes;
    this.#keysDigest = loaded.keysDigest;
  }

  static async open(folder: string, medium: Medium = systemMedium): Promise<KvBackend> {
    const level = await medium.openLevel(folder, { cacheSize: 8 << 20, writeBufferSize: 4 << 20 });
    try {
      return new KvBackend(folder, level, await load(level, folder));
    } catch (thrown) {
      await level.close();
      throw thrown;
    }
  }

  // What mvcc sees.

  get(key: Uint8Array): Uint8Array | undefined {
    const name = latin1(key);
    const pending = this.#dirty.get(name) ?? this.#flushing?.get(name);
    if (pending) return pending.value;
    if (!this.#keys.has(name)) return undefined;
    return this.#read(prefixed(key));
  }

  takeRevisions(): RevisionReader | undefined {
    const revisions = this.#revisions;
    this.#revisions = undefined;
    return revisions;
  }

  /** What is read is what was written, or nothing is: the next flush ends the member. */
  #read(key: Uint8Array): Uint8Array {
    try {
      return opened(key, this.#level.getSync(key));
    } catch (thrown) {
      this.#damage ??= damaged(this.folder, thrown);
      // Not a refusal, which every member would have to agree on.
      throw new Error(this.#damage.message, { cause: thrown });
    }
  }

  *scan(low: Uint8Array, high: Uint8Array): Generator<readonly [Uint8Array, Uint8Array], void> {
    for (const name of this.#keys.range(latin1(low), latin1(high))) {
      const key = Buffer.from(name, 'latin1');
      const value = this.get(key);
      assert(value !== undefined, 'a key of the backend has no value');
      yield [key, value];
    }
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const name = latin1(key);
    const stored = prefixed(key);
    const keyCrc = crc32(stored);
    if (this.#keys.add(name)) {
      this.#liveBytes += key.length;
      this.#keysDigest ^= keyCrc;
    } else {
      // Revisions are never written twice; the few other keys are short to read.
      this.#liveBytes -= this.#valueBytes(key);
    }
    this.#liveBytes += value.length;
    this.#change(name, { key: stored, keyCrc, value });
  }

  delete(key: Uint8Array): void {
    const name = latin1(key);
    if (!this.#keys.has(name)) return;
    const stored = prefixed(key);
    this.#liveBytes -= key.length + this.#valueBytes(key);
    this.#keys.delete(name);
    const keyCrc = crc32(stored);
    this.#keysDigest ^= keyCrc;
    this.#change(name, { key: stored, keyCrc, value: undefined });
  }

  // What the host sees.

  /** The newest state applied to the data, flushed or not. */
  get applied(): AppliedState {
    return this.#applied;
  }

  /** What a crash now would leave. */
  get flushed(): AppliedState {
    return this.#flushed;
  }

  /** Of all keys and values that are not deleted, flushed or not. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** To be called between two entries, with their changes complete. */
  setApplied(applied: AppliedState): void {
    this.#applied = applied;
  }

  /** A small value beside the data, in the same batches. */
  putMeta(name: string, value: unknown): void {
    this.#meta.set(`m/${name}`, metaEncoder.encode(JSON.stringify(value)));
  }

  /** Undefined where there is none. */
  getMeta(name: string): unknown {
    const pending = this.#meta.get(`m/${name}`);
    const stored = pending ?? this.#readMeta(metaEncoder.encode(`m/${name}`));
    return stored && (JSON.parse(decoder.decode(stored)) as unknown);
  }

  #readMeta(key: Uint8Array): Uint8Array | undefined {
    try {
      return unsealed(key, this.#level.getSync(key));
    } catch (thrown) {
      throw damaged(this.folder, thrown);
    }
  }

  /** Makes durable what is applied when it is called; one at a time, a second call waits. */
  async flush(): Promise<void> {
    while (this.#flight) await this.#flight;
    if (this.#damage) throw this.#damage;
    if (this.#applied === this.#flushed && this.#dirty.size === 0 && this.#meta.size === 0) return;
    this.#flight = this.#write().finally(() => {
      this.#flight = undefined;
    });
    await this.#flight;
  }

  /** Of what is flushed. Close it. */
  async snapshot(): Promise<BackendSnapshot> {
    await this.flush();
    const level = this.#level;
    const snapshot = level.snapshot();
    const read = (key: Uint8Array): Uint8Array | undefined =>
      unsealed(key, level.getSync(key, { snapshot }));
    const { applied } = decodeApplied(read(metaEncoder.encode(appliedName)));
    return {
      applied,
      async *chunks() {
        const iterator = level.iterator({ snapshot, highWaterMarkBytes: scanBytes });
        try {
          yield* encodeChunks(checked(rowsOf(iterator)));
        } finally {
          await iterator.close();
        }
      },
      async *scan(low, high) {
        const bounds = { gte: prefixed(low), lt: prefixed(high) };
        const iterator = level.iterator({ ...bounds, snapshot, highWaterMarkBytes: scanBytes });
        try {
          for await (const [stored, value] of rowsOf(iterator)) {
            yield [stored.subarray(1), opened(stored, value)];
          }
        } finally {
          await iterator.close();
        }
      },
      get: (plain) => read(prefixed(plain)),
      getMeta(name) {
        const value = read(metaEncoder.encode(`m/${name}`));
        return value && (JSON.parse(decoder.decode(value)) as unknown);
      },
      close: () => snapshot.close(),
    };
  }

  /** Rewrites the files without what is deleted; reads and writes go on meanwhile. */
  async defragment(): Promise<void> {
    await this.flush();
    await this.#level.compactRange(Uint8Array.of(0), Uint8Array.of(0xff));
  }

  async close(): Promise<void> {
    await this.#flight?.catch(() => undefined);
    await this.#level.close();
  }

  describe(): string {
    const { index, term } = this.#applied;
    return `backend applied=${index}/${term} flushed=${this.#flushed.index} keys=${this.#keys.size} dirty=${this.#dirty.size}`;
  }

  #valueBytes(key: Uint8Array): number {
    return this.get(key)?.length ?? 0;
  }

  #change(name: string, pending: Pending): void {
    this.#revisions = undefined;
    this.#dirty.set(name, pending);
    this.#dirtyBytes += pending.key.length + (pending.value?.length ?? 0);
  }

  async #write(): Promise<void> {
    const flushing = this.#dirty;
    const meta = this.#meta;
    const keys: KeysCheck = { count: this.#keys.size, digest: this.#keysDigest };
    meta.set(appliedName, encodeApplied(this.#applied, this.sequences, keys));
    this.#flushing = flushing;
    this.#dirty = new Map();
    this.#dirtyBytes = 0;
    this.#meta = new Map();
    const applied = this.#applied;
    const batch: LevelOperation[] = [];
    for (const { key, keyCrc, value } of flushing.values()) {
      batch.push(value ? { type: 'put', key, value: sealed(keyCrc, value) } : { type: 'del', key });
    }
    for (const [name, value] of meta) {
      const key = metaEncoder.encode(name);
      batch.push({ type: 'put', key, value: sealed(crc32(key), value) });
    }
    try {
      await this.#level.batch(batch, { sync: true });
    } catch (thrown) {
      throw writeError('store', thrown);
    }
    this.#flushed = applied;
    this.#flushing = undefined;
  }
}

/** A backend that holds these records and nothing applied, in the form of a snapshot's chunks. */
export function backendChunks(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<Uint8Array, void> {
  return encodeChunks(rows(records));
}

async function* rows(records: AsyncIterable<SnapshotRecord>): AsyncGenerator<SnapshotRecord, void> {
  let digest = 0;
  let count = 0;
  for await (const [plain, value] of records) {
    const key = prefixed(plain);
    digest ^= crc32(key);
    count++;
    yield [key, sealed(crc32(key), value)];
  }
  const applied = { ...nothingApplied, index: 1, term: 1 };
  const key = metaEncoder.encode(appliedName);
  yield [key, sealed(crc32(key), encodeApplied(applied, new Map(), { count, digest }))];
}

/** Nothing of what is sent elsewhere may be damaged: there it would be taken for good. */
async function* checked(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<SnapshotRecord, void> {
  for await (const record of records) {
    opened(...record);
    yield record;
  }
}

/** What says whether the keys on disk are those that were written. */
interface KeysCheck {
  readonly count: number;
  readonly digest: number;
}

interface Loaded {
  readonly keysDigest: number;
  readonly keys: SortedKeys;
  readonly revisions: RevisionReader;
  readonly applied: AppliedState;
  readonly sequences: Map<number, number>;
  readonly liveBytes: number;
}

/** Reads everything once: a record that is not as it was written, or is missing, is found here. */
async function load(level: Level, folder: string): Promise<Loaded> {
  try {
    return await loadChecked(level);
  } catch (thrown) {
    throw damaged(folder, thrown);
  }
}

async function loadChecked(level: Level): Promise<Loaded> {
  const appliedKey = metaEncoder.encode(appliedName);
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

/** A value as it lies on disk: with the CRC-32 of its key and itself before it. */
function sealed(keyCrc: number, value: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(crcBytes + value.length);
  bytes.set(value, crcBytes);
  bytes.writeUInt32BE(crc32(value, keyCrc), 0);
  return bytes;
}

/** The value that was sealed; throws where these are not its bytes. */
function opened(key: Uint8Array, stored: Uint8Array | undefined): Uint8Array {
  return openedBy(crc32(key), stored);
}

function openedBy(keyCrc: number, stored: Uint8Array | undefined): Uint8Array {
  if (stored === undefined || stored.length < crcBytes) throw new Error('a record is missing');
  const value = stored.subarray(crcBytes);
  if (storedCrc(stored) !== crc32(value, keyCrc))
    throw new Error('a record is not what was written');
  return value;
}

function storedCrc(stored: Uint8Array): number {
  const [a, b, c] = [stored[0] as number, stored[1] as number, stored[2] as number];
  return ((a << 24) | (b << 16) | (c << 8) | (stored[3] as number)) >>> 0;
}

/** As `opened`, for what need not be there. */
function unsealed(key: Uint8Array, stored: Uint8Array | undefined): Uint8Array | undefined {
  return stored && opened(key, stored);
}

function damaged(folder: string, thrown: unknown): QuorateError {
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

async function* rowsOf(iterator: Rows): AsyncGenerator<SnapshotRecord, void> {
  for await (const rows of batchesOf(iterator)) yield* rows;
}

function encodeApplied(
  { index, term, confState }: AppliedState,
  sequences: ReadonlyMap<number, number>,
  keys: KeysCheck,
): Uint8Array {
  return metaEncoder.encode(
    JSON.stringify({ index, term, confState, sequences: [...sequences], keys }),
  );
}

function decodeApplied(
  bytes: Uint8Array | undefined,
): Pick<Loaded, 'applied' | 'sequences'> & { readonly check: KeysCheck } {
  const noKeys = { count: 0, digest: 0 };
  if (!bytes) return { applied: nothingApplied, sequences: new Map(), check: noKeys };
  const { sequences, keys, ...applied } = JSON.parse(decoder.decode(bytes)) as AppliedState & {
    sequences: [number, number][];
    keys: KeysCheck;
  };
  return { applied, sequences: new Map(sequences), check: keys };
}

const nothingApplied: AppliedState = {
  index: 0,
  term: 0,
  confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function prefixed(key: Uint8Array): Uint8Array {
  const result = new Uint8Array(key.length + 1);
  result[0] = dataPrefix;
  result.set(key, 1);
  return result;
}
