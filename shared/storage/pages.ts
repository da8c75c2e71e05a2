import { assert } from '#shared/base';
import { findRecord, fullPageBytes, Page, recordsOf } from './page.ts';
import { latin1 } from './sealed-records.ts';
import type { SortedKeys } from './sorted-keys.ts';

/**
 * Records that are written once and in order, many to a page: a row of LevelDB's costs as much as ten of
 * them. A page is called by the first record it had. In memory are the names of all pages, and the bytes of those
 * that have changed since they were written.
 */
export class Pages {
  readonly #names: SortedKeys;
  readonly #read: (page: string) => Uint8Array;
  /** Not as they are on the disk, or being added to. */
  readonly #held = new Map<string, Page>();
  /** Names of those held that have changed since they were taken last. */
  #changed = new Set<string>();
  /** Records are added to this one; `bytes` that it was given, deleted or not. */
  #open: { readonly name: string; readonly page: Page; bytes: number } | undefined;
  #newest: Uint8Array;
  /** The one read last: its other records are often asked for next. */
  #lastRead: { readonly name: string; readonly page: Uint8Array } | undefined;

  /** `names`: of all pages there are; `newest`: their last record's key; `read`: a page from the disk, or throws. */
  constructor(names: SortedKeys, newest: Uint8Array, read: (page: string) => Uint8Array) {
    this.#names = names;
    this.#newest = newest;
    this.#read = read;
  }

  /** Names are keys as latin1. */
  get(name: string): Uint8Array | undefined {
    const at = this.#names.floor(name);
    if (at === undefined) return undefined;
    return findRecord(this.#held.get(at)?.bytes ?? this.#onDisk(at), name);
  }

  /** The key is above all there are; it is kept, the value is not. */
  add(key: Uint8Array, value: Uint8Array): void {
    assert(Buffer.compare(key, this.#newest) > 0, 'records of pages are added in order');
    this.#newest = key;
    if (this.#open === undefined || this.#open.bytes >= fullPageBytes) {
      this.#open = { name: latin1(key), page: new Page(), bytes: 0 };
      this.#names.add(this.#open.name);
    }
    const { name, page } = this.#open;
    this.#open.bytes += page.add(key, value);
    this.#change(name, page);
  }

  /** What was there. */
  delete(name: string): Uint8Array | undefined {
    const at = this.#names.floor(name);
    if (at === undefined) return undefined;
    const held = this.#held.get(at);
    if (!held && !findRecord(this.#onDisk(at), name)) return undefined;
    const page = held ?? new Page(this.#onDisk(at));
    const value = page.delete(name);
    if (value === undefined) return undefined;
    this.#change(at, page);
    if (page.length === 0) {
      this.#names.delete(at);
      if (this.#open?.name === at) this.#open = undefined;
    }
    return value;
  }

  #change(name: string, page: Page): void {
    this.#held.set(name, page);
    this.#changed.add(name);
  }

  /** Ascending over [low, high). Nothing may be added or deleted meanwhile. */
  *scan(low: string, high: string): Generator<readonly [Uint8Array, Uint8Array], void> {
    for (const at of this.#names.range(this.#names.floor(low) ?? low, high)) {
      for (const record of this.#recordsOf(at)) {
        const name = latin1(record[0]);
        if (name >= high) return;
        if (name >= low) yield record;
      }
    }
  }

  /**
   * What has changed since this was asked last, to be written; a page without bytes is to be removed. The bytes
   * are views, to be copied before anything else is changed.
   */
  takeChanged(): ReadonlyMap<string, Uint8Array> {
    const taken = new Map<string, Uint8Array>();
    for (const name of this.#changed) taken.set(name, (this.#held.get(name) as Page).bytes);
    this.#changed = new Set();
    this.#lastRead = undefined;
    return taken;
  }

  /** What was taken is on the disk. */
  written(): void {
    for (const name of this.#held.keys()) {
      if (!this.#changed.has(name) && name !== this.#open?.name) this.#held.delete(name);
    }
  }

  #onDisk(at: string): Uint8Array {
    if (this.#lastRead?.name !== at) this.#lastRead = { name: at, page: this.#read(at) };
    return this.#lastRead.page;
  }

  /** Views of what does not change any more. */
  #recordsOf(at: string): Iterable<readonly [Uint8Array, Uint8Array]> {
    const held = this.#held.get(at);
    return recordsOf(held ? new Uint8Array(held.bytes) : this.#onDisk(at));
  }
}
