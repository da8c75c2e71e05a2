import { LargeMap, LargeSet } from '#shared/base';
import { KeyHistory } from './key-history.ts';
import { KeyIndex } from './key-index.ts';
import {
  decodeRecordHead,
  decodeRevisionKey,
  decodeTombstone,
  isRevisionKey,
  noLease,
} from './records.ts';
import type { Key } from './types.ts';

/** Every key's history, and those that are `compactable`. */
export interface Revisions {
  readonly index: KeyIndex;
  readonly compactable: LargeSet<KeyHistory>;
}

/**
 * Makes the index of keys from a backend's records, told one by one in order: whoever reads them all
 * for another reason need not read them twice.
 */
export class RevisionReader {
  readonly #byKey = new LargeMap<Key, KeyHistory>();
  readonly #compactable = new LargeSet<KeyHistory>();
  #last = 0;

  /** Records of other kinds are passed over. */
  add(keyBytes: Uint8Array, record: Uint8Array): void {
    if (!isRevisionKey(keyBytes)) return;
    const { main, sub, tombstone } = decodeRevisionKey(keyBytes);
    this.#last = main;
    if (tombstone) {
      const history = this.#history(decodeTombstone(record));
      history.push(main, sub, 0, 0, noLease);
      this.#compactable.add(history);
      return;
    }
    const { key, createRevision, version, lease } = decodeRecordHead(record, main);
    this.#history(key).push(main, sub, createRevision, version, lease);
  }

  /** The index, what is to be looked at by compactions, and the last revision; to be called once. */
  finish(): Revisions & { readonly last: number } {
    const index = new KeyIndex(this.#byKey);
    return { index, compactable: this.#compactable, last: this.#last };
  }

  #history(key: Key): KeyHistory {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      this.#compactable.add(known);
      return known;
    }
    const history = new KeyHistory(key);
    this.#byKey.add(key, history);
    return history;
  }
}
