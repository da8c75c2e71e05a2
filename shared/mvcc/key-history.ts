import { assert } from '#shared/base';
import { noLease } from './records.ts';
import type { Key, KeyValue, LeaseId } from './types.ts';

/** Position in a history: the newest change, or an index among the older ones. */
export const newest = -1;
export const absent = -2;

/**
 * One key's changes that compaction has not dropped (etcd's keyIndex). The newest change stands in
 * fields, since most keys have no other; older ones are pairs in one flat array. A tombstone ends
 * a life of the key ("generation"); the next put begins another with version 1.
 *
 * There may be millions of these: fields, not objects.
 */
export class KeyHistory {
  readonly key: Key;
  /** Revision of the newest change, and its place within that revision. */
  main = 0;
  sub = 0;
  /** Of the newest change; version 0 is a tombstone. */
  createRevision = 0;
  version = 0;
  lease: LeaseId = noLease;
  /** Ascending pairs (main, sub), the sub of a tombstone as its complement. */
  #older: number[] | undefined = undefined;
  /** The ValueCache's: what is newest, decoded, and this history's place in the cache. */
  cached: KeyValue | undefined = undefined;
  cacheSlot = -1;

  constructor(key: Key) {
    this.key = key;
  }

  get live(): boolean {
    return this.version > 0;
  }

  /** Whether there is, or may come to be, something that a compaction drops. */
  get compactable(): boolean {
    return this.#older !== undefined || !this.live;
  }

  /** Takes a change, newer than all before. */
  push(main: number, sub: number, createRevision: number, version: number, lease: LeaseId): void {
    assert(main > this.main || (main === this.main && sub > this.sub), 'changes come in order');
    if (this.main > 0) {
      this.#older ??= [];
      this.#older.push(this.main, this.live ? this.sub : ~this.sub);
    }
    this.main = main;
    this.sub = sub;
    this.createRevision = createRevision;
    this.version = version;
    this.lease = lease;
  }

  /** Where the key's state at `revision` stands: `newest`, an index, or `absent`. */
  at(revision: number): number {
    if (this.main <= revision) return this.live ? newest : absent;
    const index = this.#lastUpTo(revision);
    return index >= 0 && (this.#older?.[index + 1] as number) >= 0 ? index : absent;
  }

  mainAt(position: number): number {
    return position === newest ? this.main : (this.#older?.[position] as number);
  }

  subAt(position: number): number {
    return position === newest ? this.sub : (this.#older?.[position + 1] as number);
  }

  /**
   * Drops the changes that nothing at or after `revision` can see, calling `drop` for each. What
   * stays: the changes since `revision` and those it made itself, even a tombstone, because a watch
   * may start there; and the state it found, where it made no change. Returns whether anything is
   * left.
   */
  compact(
    revision: number,
    drop: (main: number, sub: number, tombstone: boolean) => void,
  ): boolean {
    const olderLength = this.#older?.length ?? 0;
    if (this.main < revision) {
      this.#dropOlder(olderLength, drop);
      if (this.live) return true;
      drop(this.main, this.sub, true);
      return false;
    }
    const before = this.#lastUpTo(revision - 1);
    if (before < 0) return true;
    const nextMain = before + 2 < olderLength ? (this.#older?.[before + 2] as number) : this.main;
    const live = (this.#older?.[before + 1] as number) >= 0;
    this.#dropOlder(live && nextMain > revision ? before : before + 2, drop);
    return true;
  }

  #dropOlder(length: number, drop: (main: number, sub: number, tombstone: boolean) => void): void {
    const older = this.#older;
    if (older === undefined || length === 0) return;
    for (let i = 0; i < length; i += 2) {
      const sub = older[i + 1] as number;
      drop(older[i] as number, sub < 0 ? ~sub : sub, sub < 0);
    }
    // A copy, not a splice: the array's spare room would stay for as long as the key.
    this.#older = length === older.length ? undefined : older.slice(length);
  }

  /** Index of the last older change up to `revision`; -2 where none is. */
  #lastUpTo(revision: number): number {
    const older = this.#older;
    let low = 0;
    let high = older === undefined ? 0 : older.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((older?.[2 * middle] as number) <= revision) low = middle + 1;
      else high = middle;
    }
    return 2 * (low - 1);
  }
}
