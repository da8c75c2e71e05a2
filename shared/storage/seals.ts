import type { RowsCheck } from './applied-state.ts';
import { latin1, opened, sealOf } from './sealed-records.ts';

/**
 * By what every row of the backend is known again: the CRC-32 that it was written with last. LevelDB answers with an
 * older version of a row, sound in itself, where it misses the newest: damage to an index of its suffices.
 */
export class Seals {
  readonly #seals = new Map<string, number>();
  #digest = 0;

  /** What a later start compares with what it finds. */
  get check(): RowsCheck {
    return { count: this.#seals.size, digest: this.#digest };
  }

  has(key: Uint8Array): boolean {
    return this.#seals.has(latin1(key));
  }

  /** `stored`: as `sealed` made it; undefined: the row goes. */
  set(key: Uint8Array, stored: Uint8Array | undefined): void {
    const name = latin1(key);
    const before = this.#seals.get(name) ?? 0;
    const after = stored ? sealOf(stored) : 0;
    this.#digest = digestWith(this.#digest, after - before);
    if (stored) this.#seals.set(name, after);
    else this.#seals.delete(name);
  }

  /** The value that was written last; throws where this is not it. */
  open(key: Uint8Array, stored: Uint8Array | undefined): Uint8Array {
    const value = opened(key, stored);
    if (stored && sealOf(stored) === this.#seals.get(latin1(key))) return value;
    throw new Error('a record is an older one than was written');
  }
}

/** A sum: by XOR the same change to two rows would cancel out, as a CRC is linear. */
export function digestWith(digest: number, seal: number): number {
  return (digest + seal) | 0;
}
