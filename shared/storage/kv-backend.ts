import { crc32 } from 'node:zlib';
import { assert, QuorateError } from '#shared/base';
import type { Backend, RevisionReader } from '#shared/mvcc';
import {
  appliedKey,
  appliedName,
  type AppliedState,
  decodeApplied,
  encodeApplied,
  type KeysCheck,
} from './applied-state.ts';
import { type Level, type LevelOperation, writeError } from './level.ts';
import { damaged, load, type Loaded, rowsOf, scanBytes } from './load-backend.ts';
import { type Medium, systemMedium } from './medium.ts';
import { latin1, opened, prefixed, sealed, unsealed } from './sealed-records.ts';
import { encodeChunks, type SnapshotRecord } from './snapshot-chunks.ts';
import type { SortedKeys } from './sorted-keys.ts';

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

const metaEncoder = new TextEncoder();
const decoder = new TextDecoder();

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
    const { applied } = decodeApplied(read(appliedKey));
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

/** Nothing of what is sent elsewhere may be damaged: there it would be taken for good. */
async function* checked(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<SnapshotRecord, void> {
  for await (const record of records) {
    opened(...record);
    yield record;
  }
}
