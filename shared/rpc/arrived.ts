const firstBytes = 1 << 10;
const nothing = Buffer.alloc(0);

/**
 * Bytes that come in pieces, as one. A single piece is not copied; more are joined in a buffer that grows, so that
 * however small they are they cost no more than their bytes.
 */
export class Arrived {
  #bytes: Buffer = nothing;
  #length = 0;
  /** The buffer is this one's own, and not the piece that came first. */
  #own = false;

  get length(): number {
    return this.#length;
  }

  /** A view, until the next change. */
  get bytes(): Buffer {
    const bytes = this.#bytes;
    return bytes.length === this.#length ? bytes : bytes.subarray(0, this.#length);
  }

  push(piece: Buffer): void {
    if (this.#length === 0) {
      this.#hold(piece);
      return;
    }
    const length = this.#length + piece.length;
    if (!this.#own || length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(firstBytes, 2 * length));
      grown.set(this.bytes);
      this.#bytes = grown;
      this.#own = true;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** The first `count` bytes, which are no part of it any more; they stay as they are. */
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#hold(this.#bytes.subarray(count, this.#length));
    return taken;
  }

  #hold(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#own = false;
  }
}
