import { assert, QuorateError } from '#shared/base';
import { type Backend, isRevisionKey, type RevisionReader } from '#shared/mvcc';
import { appliedKey, type AppliedState, encodeApplied } from './applied-state.ts';
import { type Level, type LevelOperation, writeError } from './level.ts';
import { type BackendSnapshot, snapshotOf } from './backend-snapshot.ts';
import { damaged, load, type Loaded } from './load-backend.ts';
import { type Medium, systemMedium } from './medium.ts';
import { Pages } from './pages.ts';
import { latin1, pageKey, prefixed, sealed } from './sealed-records.ts';
import type { Seals } from './seals.ts';
import type { SortedKeys } from './sorted-keys.ts';

interface Pending {
  readonly key: Uint8Array;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
}

const metaEncoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The state machine's data on LevelDB. Writes stay in memory, over the disk, until `flush` puts them
 * there as one synced batch together with the applied index; after a crash the raft log replays
 * the rest. Revisions are gathered in pages; of everything else keys are kept in memory, in order, so that
 * scans are synchronous, and values are not.
 *
 * A failed flush leaves the backend in doubt: the caller must stop the member. What was to be written is not
 * tried again, and nothing is written any more, for what is newer would be said to come after it.
 */
export class KvBackend implements Backend {
  readonly folder: string;
  readonly #level: Level;
  /** Of records that have a row of LevelDB's to themselves. */
  readonly #keys: SortedKeys;
  readonly #pages: Pages;
  /** Of the rows as they are on disk, or on their way there: nobody reads those before they have come. */
  readonly #seals: Seals;
  /** Records, in pages and not. */
  #count: number;
  #revisions: RevisionReader | undefined;
  #dirty = new Map<string, Pending>();
  #dirtyBytes = 0;
  /** Changes since the last flush. */
  #dirtyCount = 0;
  #liveBytes: number;
  #flushing: Map<string, Pending> | undefined;
  #damage: QuorateError | undefined;
  #writeFailure: QuorateError | undefined;
  #closed = false;
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
    this.#pages = new Pages(loaded.pages, loaded.newestPaged, (page) => this.#read(pageKey(page)));
    this.#count = loaded.count;
    this.#revisions = loaded.revisions;
    this.#applied = loaded.applied;
    this.sequences = loaded.sequences;
    this.#flushed = loaded.applied;
    this.#liveBytes = loaded.liveBytes;
    this.#seals = loaded.seals;
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
    return (isRevisionKey(key) ? this.#pages.get(name) : undefined) ?? this.#getAlone(name, key);
  }

  #getAlone(name: string, key: Uint8Array): Uint8Array | undefined {
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
      return this.#seals.open(key, this.#level.getSync(key));
    } catch (thrown) {
      // Not a refusal, which every member would have to agree on.
      throw new Error(this.#damagedBy(thrown).message, { cause: thrown });
    }
  }

  #damagedBy(thrown: unknown): QuorateError {
    if (this.#closed) {
      const text = `the backend in ${this.folder} is not in use any more`;
      return new QuorateError('unavailable', text, { cause: thrown });
    }
    this.#damage ??= damaged(this.folder, thrown);
    return this.#damage;
  }

  *scan(low: Uint8Array, high: Uint8Array): Generator<readonly [Uint8Array, Uint8Array], void> {
    for (const name of this.#keys.range(latin1(low), latin1(high))) {
      const key = Buffer.from(name, 'latin1');
      const value = this.#getAlone(name, key);
      assert(value !== undefined, 'a key of the backend has no value');
      yield [key, value];
    }
    yield* this.#pages.scan(latin1(low), latin1(high));
  }

  put(key: Uint8Array, value: Uint8Array): void {
    if (isRevisionKey(key)) {
      this.#pages.add(key, value);
      this.#appeared(key);
    } else {
      const name = latin1(key);
      if (this.#keys.add(name)) this.#appeared(key);
      else this.#liveBytes -= this.get(key)?.length ?? 0;
      this.#dirty.set(name, { key: prefixed(key), value });
    }
    this.#liveBytes += value.length;
    this.#changed(key.length + value.length);
  }

  delete(key: Uint8Array): void {
    const value = this.#remove(key);
    if (value === undefined) return;
    this.#count--;
    this.#liveBytes -= key.length + value.length;
    this.#changed(key.length);
  }

  #remove(key: Uint8Array): Uint8Array | undefined {
    const name = latin1(key);
    const paged = isRevisionKey(key) ? this.#pages.delete(name) : undefined;
    if (paged !== undefined) return paged;
    const value = this.#getAlone(name, key);
    if (value === undefined) return undefined;
    this.#keys.delete(name);
    this.#dirty.set(name, { key: prefixed(key), value: undefined });
    return value;
  }

  #appeared(key: Uint8Array): void {
    this.#count++;
    this.#liveBytes += key.length;
  }

  #changed(bytes: number): void {
    this.#revisions = undefined;
    this.#dirtyBytes += bytes;
    this.#dirtyCount++;
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
    return this.#dirtyCount;
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
      return this.#seals.has(key) ? this.#seals.open(key, this.#level.getSync(key)) : undefined;
    } catch (thrown) {
      throw damaged(this.folder, thrown);
    }
  }

  /** Makes durable what is applied when it is called; one at a time, a second call waits. */
  async flush(): Promise<void> {
    while (this.#flight) await this.#flight;
    const failure = this.#damage ?? this.#writeFailure;
    if (failure) throw failure;
    if (this.#applied === this.#flushed && this.#dirtyCount === 0 && this.#meta.size === 0) return;
    this.#flight = this.#write().finally(() => {
      this.#flight = undefined;
    });
    await this.#flight;
  }

  /** Of what is flushed. Close it. */
  async snapshot(): Promise<BackendSnapshot> {
    // The seals are of what is on the disk while nothing is on its way there.
    do await this.flush();
    while (this.#flight);
    const { check } = this.#seals;
    const damagedBy = (thrown: unknown): QuorateError => this.#damagedBy(thrown);
    return snapshotOf({ level: this.#level, check, damaged: damagedBy });
  }

  /** Rewrites the files without what is deleted; reads and writes go on meanwhile. */
  async defragment(): Promise<void> {
    await this.flush();
    await this.#level.compactRange(Uint8Array.of(0), Uint8Array.of(0xff));
  }

  async close(): Promise<void> {
    await this.#flight?.catch(() => undefined);
    this.#closed = true;
    await this.#level.close();
  }

  describe(): string {
    const { index, term } = this.#applied;
    return `backend applied=${index}/${term} flushed=${this.#flushed.index} keys=${this.#count} dirty=${this.#dirtyCount}`;
  }

  async #write(): Promise<void> {
    const flushing = this.#dirty;
    const meta = this.#meta;
    const pages = this.#pages.takeChanged();
    this.#flushing = flushing;
    this.#dirty = new Map();
    this.#dirtyBytes = 0;
    this.#dirtyCount = 0;
    this.#meta = new Map();
    const applied = this.#applied;
    const batch: LevelOperation[] = [];
    for (const [name, bytes] of pages) {
      batch.push(this.#row(pageKey(name), bytes.length === 0 ? undefined : bytes));
    }
    for (const { key, value } of flushing.values()) batch.push(this.#row(key, value));
    for (const [name, value] of meta) batch.push(this.#row(metaEncoder.encode(name), value));
    // Last: it tells what all others are.
    const state = encodeApplied(this.#applied, this.sequences, this.#seals.check);
    batch.push({ type: 'put', key: appliedKey, value: sealed(appliedKey, state) });
    try {
      await this.#level.batch(batch, { sync: true });
    } catch (thrown) {
      this.#writeFailure = writeError('store', thrown);
      throw this.#writeFailure;
    }
    this.#flushed = applied;
    this.#flushing = undefined;
    this.#pages.written();
  }

  #row(key: Uint8Array, value: Uint8Array | undefined): LevelOperation {
    const stored = value && sealed(key, value);
    this.#seals.set(key, stored);
    return stored ? { type: 'put', key, value: stored } : { type: 'del', key };
  }
}
