import type { Rng } from '#shared/base';
import type { Level, LevelOperation } from '#shared/storage';

type Row = readonly [string, Uint8Array | undefined];

interface Batch {
  readonly operations: readonly LevelOperation[];
  readonly sync: boolean;
  readonly written: () => void;
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
const bytesOf = (name: string): Uint8Array => Buffer.from(name, 'latin1');

/**
 * What LevelDB keeps in one folder, with what a crash does to it: batches become durable in their
 * order, each as a whole; those that were not synced may be lost from some batch on.
 */
export class LevelStore {
  readonly #rows = new Map<string, Uint8Array>();
  /** How to take back each batch that is not durable yet. */
  #undo: Row[][] = [];
  #inFlight: Batch[] = [];

  get size(): number {
    return this.#rows.size;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(text(key));
  }

  /** Call `land` when its time has come; batches land in order. */
  begin(batch: Batch): void {
    this.#inFlight.push(batch);
  }

  land(): void {
    const batch = this.#inFlight.shift();
    if (!batch) return;
    this.#write(batch.operations);
    if (batch.sync) this.#undo = [];
    batch.written();
  }

  /** The process dies: of what it was writing, some from the end on was never begun. */
  abandon(rng: Rng): void {
    const begun = this.#inFlight.splice(0, rng.int(this.#inFlight.length + 1));
    for (const { operations } of begun) this.#write(operations);
    this.#inFlight = [];
  }

  /** The power goes: some of what was not durable, from the end on, never was. */
  crash(rng: Rng): void {
    this.abandon(rng);
    const kept = rng.int(this.#undo.length + 1);
    for (const rows of this.#undo.splice(kept).reverse()) {
      for (const [key, value] of rows.reverse()) {
        if (value === undefined) this.#rows.delete(key);
        else this.#rows.set(key, value);
      }
    }
    this.#undo = [];
  }

  rows(low: string, fits: (key: string) => boolean): [Uint8Array, Uint8Array][] {
    const keys = [...this.#rows.keys()].filter((key) => key >= low && fits(key)).sort();
    return keys.map((key) => [bytesOf(key), this.#rows.get(key) as Uint8Array]);
  }

  copy(): LevelStore {
    const copy = new LevelStore();
    for (const [key, value] of this.#rows) copy.#rows.set(key, value);
    return copy;
  }

  #write(operations: readonly LevelOperation[]): void {
    const undo: Row[] = [];
    for (const operation of operations) {
      const key = text(operation.key);
      undo.push([key, this.#rows.get(key)]);
      if (operation.type === 'put') this.#rows.set(key, new Uint8Array(operation.value));
      else this.#rows.delete(key);
    }
    this.#undo.push(undo);
  }
}

interface Snapshot {
  readonly store: LevelStore;
  close(): Promise<void>;
}

/** How a process reaches a store: `write` lets time pass, or fails. */
export function openStore(
  store: LevelStore,
  write: (operations: readonly LevelOperation[], sync: boolean) => Promise<void>,
): Level {
  const at = (snapshot: unknown): LevelStore => (snapshot as Snapshot | undefined)?.store ?? store;
  return {
    getSync: (key, options) => at(options?.snapshot).get(key),
    batch: (operations, options) => write([...operations], options?.sync ?? false),
    iterator: ({ gte, lt, lte, snapshot }) => {
      const high = lt && text(lt);
      const last = lte && text(lte);
      const fits = (key: string): boolean =>
        (high === undefined || key < high) && (last === undefined || key <= last);
      const rows = at(snapshot).rows(gte ? text(gte) : '', fits);
      return {
        nextv: (size) => Promise.resolve(rows.splice(0, size)),
        close: () => Promise.resolve(),
      };
    },
    snapshot: (): Snapshot => ({ store: store.copy(), close: () => Promise.resolve() }),
    compactRange: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
