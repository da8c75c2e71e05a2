import { assert } from '#shared/base';
import { decodePage, findRecord, fullPageBytes, recordBytes, recordsOf } from './page.ts';
import { latin1 } from './sealed-records.ts';
import type { SortedKeys } from './sorted-keys.ts';

/** Records by name, ascending. */
export type Page = ReadonlyMap<string, Uint8Array>;

/**
 * Records that are written once and in order, many to a page: a row of LevelDB's costs as much as ten of
 * them. A page is called by the first record it had. In memory are the names of all pages, and those that
 * have changed since they were written.
 */
export class Pages {
  readonly #names: SortedKeys;
  readonly #read: (page: string) => Uint8Array;
  #changed = new Map<string, Map<string, Uint8Array>>();
  #underWay: ReadonlyMap<string, Page> = new Map();
  /** Records are added to this one. */
  #open: { readonly name: string; bytes: number } | undefined;
  #newest: string;
  /** The one read last: its other records are often asked for next. */
  #lastRead: { readonly name: string; readonly page: Uint8Array } | undefined;

  /** `names`: of all pages there are; `newest`: of their last record; `read`: a page from the disk, or throws. */
  constructor(names: SortedKeys, newest: string, read: (page: string) => Uint8Array) {
    this.#names = names;
    this.#newest = newest;
    this.#read = read;
  }

  get(name: string): Uint8Array | undefined {
    const at = this.#names.floor(name);
    if (at === undefined) return undefined;
    const held = this.#held(at);
    return held ? held.get(name) : findRecord(this.#onDisk(at), name);
  }

  /** Its name is above all there are. */
  add(name: string, value: Uint8Array): void {
    assert(name > this.#newest, 'records of pages are added in order');
    this.#newest = name;
    if (this.#open === undefined || this.#open.bytes >= fullPageBytes) {
      this.#open = { name, bytes: 0 };
      this.#names.add(name);
      this.#changed.set(name, new Map());
    }
    this.#open.bytes += recordBytes(name, value);
    this.#toChange(this.#open.name).set(name, value);
  }

  /** What was there. */
  delete(name: string): Uint8Array | undefined {
    const value = this.get(name);
    const at = this.#names.floor(name);
    if (value === undefined || at === undefined) return undefined;
    const page = this.#toChange(at);
    page.delete(name);
    if (page.size === 0) {
      this.#names.delete(at);
      if (this.#open?.name === at) this.#open = undefined;
    }
    return value;
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

  /** What has changed since this was asked last, to be written; a page without records is to be removed. */
  takeChanged(): ReadonlyMap<string, Page> {
    const changed = this.#changed;
    this.#underWay = changed;
    this.#changed = new Map();
    this.#lastRead = undefined;
    return changed;
  }

  /** What was taken is on the disk. */
  written(): void {
    this.#underWay = new Map();
  }

  #held(at: string): Page | undefined {
    return this.#changed.get(at) ?? this.#underWay.get(at);
  }

  #toChange(at: string): Map<string, Uint8Array> {
    const changed = this.#changed.get(at);
    if (changed) return changed;
    const underWay = this.#underWay.get(at);
    const page = underWay ? new Map(underWay) : decodePage(this.#onDisk(at));
    this.#changed.set(at, page);
    return page;
  }

  #onDisk(at: string): Uint8Array {
    if (this.#lastRead?.name !== at) this.#lastRead = { name: at, page: this.#read(at) };
    return this.#lastRead.page;
  }

  #recordsOf(at: string): Iterable<readonly [Uint8Array, Uint8Array]> {
    const held = this.#held(at);
    if (!held) return recordsOf(this.#onDisk(at));
    return Array.from(held, ([name, value]) => [Buffer.from(name, 'latin1'), value] as const);
  }
}
