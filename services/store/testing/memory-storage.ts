import { assert, must } from '#shared/base';
import type { ConfState, Entry, HardState, Snapshot } from '#shared/raft';
import type {
  AppliedState,
  MemberBackend,
  MemberLog,
  MemberStorage,
  OutgoingSnapshot,
  StagedSnapshot,
} from '../consensus/storage.ts';

/** A disk in memory: what was written survives `crash`, nothing else does. */
export class MemoryStorage implements MemberStorage {
  readonly log: MemoryLog;
  #backend: MemoryBackend;
  readonly #staged = new Map<number, MemoryImage>();
  #number = 0;

  constructor(confState: ConfState) {
    this.log = new MemoryLog(confState);
    this.#backend = new MemoryBackend({
      data: new Map(),
      meta: new Map(),
      applied: { index: 0, term: 0, confState },
      sequences: new Map(),
    });
  }

  get backend(): MemoryBackend {
    return this.#backend;
  }

  /** As after a crash: unflushed changes of the state are gone. */
  crash(): void {
    this.#backend = new MemoryBackend(this.#backend.durable);
    this.log.crash(this.#backend.applied);
  }

  async stage(chunks: AsyncIterable<Uint8Array>): Promise<StagedSnapshot> {
    let text = '';
    for await (const chunk of chunks) text += Buffer.from(chunk).toString();
    const { data, meta, applied, sequences } = JSON.parse(text) as Record<
      'data' | 'meta',
      [string, string][]
    > & {
      applied: AppliedState;
      sequences: [number, number][];
    };
    const number = ++this.#number;
    const bytes = data.map(([key, value]) => [key, Buffer.from(value, 'latin1')] as const);
    this.#staged.set(number, {
      data: new Map(bytes),
      meta: new Map(meta),
      applied,
      sequences: new Map(sequences),
    });
    return { number };
  }

  discard({ number }: StagedSnapshot): Promise<void> {
    this.#staged.delete(number);
    return Promise.resolve();
  }

  install({ number }: StagedSnapshot, hardState: HardState): Promise<MemberBackend> {
    const image = must(this.#staged.get(number), 'a staged snapshot is installed');
    this.#backend = new MemoryBackend(image);
    this.log.startFrom(image.applied, hardState);
    return Promise.resolve(this.#backend);
  }

  dropReplaced(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryLog implements MemberLog {
  #entries: Entry[] = [];
  #start = { index: 0, term: 0 };
  #hardState: HardState = { term: 0, vote: 0, commit: 0 };
  /** A commit index alone is not written. */
  #writtenCommit = 0;
  #confState: ConfState;
  #snapshot: () => Snapshot | undefined = () => undefined;

  constructor(confState: ConfState) {
    this.#confState = confState;
  }

  initialState() {
    return { hardState: this.#hardState, confState: this.#confState };
  }
  compactedIndex(): number {
    return this.#start.index;
  }
  lastIndex(): number {
    return this.#start.index + this.#entries.length;
  }
  term(index: number): number | undefined {
    if (index === this.#start.index) return this.#start.term;
    return this.#entries[index - this.#start.index - 1]?.term;
  }
  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    assert(low > this.#start.index, 'the entry is there');
    const offset = this.#start.index + 1;
    const all = this.#entries.slice(low - offset, high - offset);
    let bytes = 0;
    const end = all.findIndex((entry, i) => (bytes += entry.data.length) > maxBytes && i > 0);
    return end < 0 ? all : all.slice(0, end);
  }
  snapshot(): Snapshot | undefined {
    return this.#snapshot();
  }
  setSnapshotSource(source: () => Snapshot | undefined): void {
    this.#snapshot = source;
  }
  setConfState(confState: ConfState): void {
    this.#confState = confState;
  }
  write(
    writes: readonly { hardState?: HardState | undefined; entries: readonly Entry[] }[],
  ): Promise<boolean> {
    for (const { hardState, entries } of writes) {
      const { term, vote } = this.#hardState;
      this.#hardState = hardState ?? this.#hardState;
      const same = this.#hardState.term === term && this.#hardState.vote === vote;
      if (entries.length > 0 || !same) this.#writtenCommit = this.#hardState.commit;
      const first = entries[0];
      if (first) this.#entries.length = first.index - this.#start.index - 1;
      this.#entries.push(...entries);
    }
    return Promise.resolve(true);
  }
  crash({ index, confState }: AppliedState): void {
    const commit = Math.max(this.#writtenCommit, index);
    this.#hardState = { ...this.#hardState, commit };
    this.#confState = confState;
  }
  compact(index: number): Promise<void> {
    const term = must(this.term(index), 'compaction within the log');
    this.#entries.splice(0, index - this.#start.index);
    this.#start = { index, term };
    return Promise.resolve();
  }
  startFrom({ index, term, confState }: AppliedState, hardState: HardState): void {
    this.#entries = [];
    this.#start = { index, term };
    this.#hardState = hardState;
    this.#writtenCommit = hardState.commit;
    this.#confState = confState;
  }
}

interface MemoryImage {
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly meta: ReadonlyMap<string, unknown>;
  readonly applied: AppliedState;
  readonly sequences: ReadonlyMap<number, number>;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

class MemoryBackend implements MemberBackend {
  durable: MemoryImage;
  readonly #data: Map<string, Uint8Array>;
  readonly #meta: Map<string, unknown>;
  applied: AppliedState;
  readonly sequences: Map<number, number>;
  readonly dirtyBytes = 0;
  readonly liveBytes = 0;
  readonly dirtyCount = 0;

  constructor(image: MemoryImage) {
    this.durable = image;
    this.#data = new Map(image.data);
    this.#meta = new Map(image.meta);
    this.applied = image.applied;
    this.sequences = new Map(image.sequences);
  }

  get flushed(): AppliedState {
    return this.durable.applied;
  }
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#data.get(latin1(key));
  }
  scan(low: Uint8Array, high: Uint8Array): [Uint8Array, Uint8Array][] {
    const rows = [...this.#data].filter(([key]) => key >= latin1(low) && key < latin1(high));
    rows.sort(([a], [b]) => (a < b ? -1 : 1));
    return rows.map(([key, value]) => [Buffer.from(key, 'latin1'), value]);
  }
  put(key: Uint8Array, value: Uint8Array): void {
    this.#data.set(latin1(key), value);
  }
  delete(key: Uint8Array): void {
    this.#data.delete(latin1(key));
  }
  setApplied(applied: AppliedState): void {
    this.applied = applied;
  }
  putMeta(name: string, value: unknown): void {
    this.#meta.set(name, value);
  }
  getMeta(name: string): unknown {
    return this.#meta.get(name);
  }
  flush(): Promise<void> {
    const { applied } = this;
    const sequences = new Map(this.sequences);
    this.durable = { data: new Map(this.#data), meta: new Map(this.#meta), applied, sequences };
    return Promise.resolve();
  }

  defragment(): Promise<void> {
    return this.flush();
  }
  async snapshot(): Promise<OutgoingSnapshot> {
    await this.flush();
    const { data, meta, applied, sequences } = this.durable;
    const rows = [...data].map(([key, value]) => [key, latin1(value)]);
    const text = JSON.stringify({
      data: rows,
      meta: [...meta],
      applied,
      sequences: [...sequences],
    });
    const image = new MemoryBackend(this.durable);
    return {
      applied,
      async *chunks() {
        yield Buffer.from(text);
      },
      get: (key) => image.get(key),
      scan: (low, high) => image.scan(low, high),
      getMeta: (name) => image.getMeta(name),
      close: () => Promise.resolve(),
    };
  }
}
