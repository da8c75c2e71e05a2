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

/**
 * Makes the index of keys from a backend's records, told one by one in order: whoever reads them all
 * for another reason need not read them twice.
 */
export class RevisionReader {
  readonly #byKey = new Map<Key, KeyHistory>();
  #last = 0;

  /** Records of other kinds are passed over. */
  add(keyBytes: Uint8Array, record: Uint8Array): void {
    if (!isRevisionKey(keyBytes)) return;
    const { main, sub, tombstone } = decodeRevisionKey(keyBytes);
    this.#last = main;
    if (tombstone) {
      this.#history(decodeTombstone(record)).push(main, sub, 0, 0, noLease);
      return;
    }
    const { key, createRevision, version, lease } = decodeRecordHead(record, main);
    this.#history(key).push(main, sub, createRevision, version, lease);
  }

  /** The index, and the last revision; to be called once. */
  finish(): { readonly index: KeyIndex; readonly last: number } {
    return { index: new KeyIndex(this.#byKey), last: this.#last };
  }

  #history(key: Key): KeyHistory {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const history = new KeyHistory(key);
    this.#byKey.set(key, history);
    return history;
  }
}
