/**
 * Small, because one value that stays long keeps its whole slab; large enough that the price of an
 * array with a buffer of its own (ten times a view's) is shared by many records.
 */
const slabBytes = 4096;

/** Hands out byte arrays, the small ones as views of shared slabs. */
export class Arena {
  #slab = new Uint8Array(slabBytes);
  #used = 0;

  take(length: number): Uint8Array {
    if (length > slabBytes / 4) return new Uint8Array(length);
    if (this.#used + length > slabBytes) {
      this.#slab = new Uint8Array(slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#slab.subarray(start, this.#used);
  }
}
