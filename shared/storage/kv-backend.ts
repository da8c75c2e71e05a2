import { assert, QuorateError } from '#shared/base';
import type { Backend } from '#shared/mvcc';
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
  close(): Promise<void>;
}

interface Pending {
  readonly key: Uint8Array;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
}

const appliedName = 'm/applied';
const dataPrefix = 0x6b; // 'k'
const metaEncoder = new TextEncoder();
const decoder = new TextDecoder();
/** Values kept from the scan at opening until the first flush, so that restoring is quick. */
const warmBytesMax = 64 << 20;
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
  #warm: Map<string, Uint8Array>;
  #dirty = new Map<string, Pending>();
  #dirtyBytes = 0;
  #liveBytes: number;
  #flushing: Map<string, Pending> | undefined;
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
    this.#warm = loaded.warm;
    this.#applied = loaded.applied;
    this.sequences = loaded.sequences;
    this.#flushed = loaded.applied;
    this.#liveBytes = loaded.liveBytes;
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
    return this.#warm.get(name) ?? this.#level.getSync(prefixed(key));
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
    // Revisions are never written twice; the few other keys are short to read.
    if (this.#keys.has(name)) this.#liveBytes -= this.#valueBytes(key);
    else this.#liveBytes += key.length;
    this.#keys.add(name);
    this.#liveBytes += value.length;
    this.#change(name, { key: prefixed(key), value });
  }

  delete(key: Uint8Array): void {
    const name = latin1(key);
    if (!this.#keys.has(name)) return;
    this.#liveBytes -= key.length + this.#valueBytes(key);
    this.#keys.delete(name);
    this.#change(name, { key: prefixed(key), value: undefined });
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
    const bytes =
      this.#meta.get(`m/${name}`) ?? this.#level.getSync(metaEncoder.encode(`m/${name}`));
    return bytes && (JSON.parse(decoder.decode(bytes)) as unknown);
  }

  /** Makes durable what is applied when it is called; one at a time, a second call waits. */
  async flush(): Promise<void> {
    while (this.#flight) await this.#flight;
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
    const { applied } = decodeApplied(level.getSync(metaEncoder.encode(appliedName), { snapshot }));
    return {
      applied,
      async *chunks() {
        const iterator = level.iterator({ snapshot, highWaterMarkBytes: scanBytes });
        try {
          yield* encodeChunks(rowsOf(iterator));
        } finally {
          await iterator.close();
        }
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
    this.#warm.delete(name);
    this.#dirty.set(name, pending);
    this.#dirtyBytes += pending.key.length + (pending.value?.length ?? 0);
  }

  async #write(): Promise<void> {
    const flushing = this.#dirty;
    const meta = this.#meta;
    meta.set(appliedName, encodeApplied(this.#applied, this.sequences));
    this.#flushing = flushing;
    this.#dirty = new Map();
    this.#dirtyBytes = 0;
    this.#meta = new Map();
    const applied = this.#applied;
    const batch: LevelOperation[] = [];
    for (const { key, value } of flushing.values()) {
      batch.push(value ? { type: 'put', key, value } : { type: 'del', key });
    }
    for (const [name, value] of meta) {
      batch.push({ type: 'put', key: metaEncoder.encode(name), value });
    }
    try {
      await this.#level.batch(batch, { sync: true });
    } catch (thrown) {
      throw writeError('store', thrown);
    }
    this.#flushed = applied;
    this.#flushing = undefined;
    // Values read while the data was restored; from here on the disk cache does.
    if (this.#warm.size > 0) this.#warm = new Map();
  }
}

/** A backend that holds these records and nothing applied, in the form of a snapshot's chunks. */
export function backendChunks(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<Uint8Array, void> {
  return encodeChunks(rows(records));
}

async function* rows(records: AsyncIterable<SnapshotRecord>): AsyncGenerator<SnapshotRecord, void> {
  for await (const [key, value] of records) yield [prefixed(key), value];
  const applied = encodeApplied({ ...nothingApplied, index: 1, term: 1 }, new Map());
  yield [metaEncoder.encode(appliedName), applied];
}

interface Loaded {
  readonly keys: SortedKeys;
  readonly warm: Map<string, Uint8Array>;
  readonly applied: AppliedState;
  readonly sequences: Map<number, number>;
  readonly liveBytes: number;
}

async function load(level: Level, folder: string): Promise<Loaded> {
  const bytes = level.getSync(metaEncoder.encode(appliedName));
  const keys = new SortedKeys();
  const warm = new Map<string, Uint8Array>();
  let liveBytes = 0;
  const iterator = level.iterator({
    gte: Uint8Array.of(dataPrefix),
    lt: Uint8Array.of(dataPrefix + 1),
    highWaterMarkBytes: scanBytes,
  });
  try {
    let rows = await iterator.nextv(rowsAtOnce);
    for (; rows.length > 0; rows = await iterator.nextv(rowsAtOnce)) {
      for (const [key, value] of rows) {
        const name = latin1(key.subarray(1));
        keys.add(name);
        liveBytes += name.length + value.length;
        if (liveBytes <= warmBytesMax) warm.set(name, value);
      }
    }
  } finally {
    await iterator.close();
  }
  if (!bytes && keys.size > 0) {
    throw new QuorateError(
      'data-loss',
      `the store in ${folder} does not say how far it has applied: ${replaceMember}`,
    );
  }
  return { keys, warm, ...decodeApplied(bytes), liveBytes };
}

async function* rowsOf(iterator: {
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
}): AsyncGenerator<SnapshotRecord, void> {
  let rows = await iterator.nextv(rowsAtOnce);
  for (; rows.length > 0; rows = await iterator.nextv(rowsAtOnce)) yield* rows;
}

function encodeApplied(
  { index, term, confState }: AppliedState,
  sequences: ReadonlyMap<number, number>,
): Uint8Array {
  return metaEncoder.encode(JSON.stringify({ index, term, confState, sequences: [...sequences] }));
}

function decodeApplied(bytes: Uint8Array | undefined): Pick<Loaded, 'applied' | 'sequences'> {
  if (!bytes) return { applied: nothingApplied, sequences: new Map() };
  const { sequences, ...applied } = JSON.parse(decoder.decode(bytes)) as AppliedState & {
    sequences?: [number, number][];
  };
  return { applied, sequences: new Map(sequences) };
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
