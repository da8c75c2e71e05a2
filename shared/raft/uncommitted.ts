import { assert } from '#shared/base';

/** Size of this leader's own proposals that are not committed yet. */
export class UncommittedSize {
  readonly #maxBytes: number;
  #bytes = 0;
  #proposals: { readonly index: number; readonly bytes: number }[] = [];
  #head = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** One proposal is always allowed, and so are empty ones: without them a term could not start. */
  allows(bytes: number): boolean {
    return this.#bytes === 0 || bytes === 0 || this.#bytes + bytes <= this.#maxBytes;
  }

  add(index: number, bytes: number): void {
    assert(bytes >= 0, 'a size is not negative');
    if (bytes === 0) return;
    this.#bytes += bytes;
    this.#proposals.push({ index, bytes });
  }

  committed(upTo: number): void {
    for (;;) {
      const oldest = this.#proposals[this.#head];
      if (oldest === undefined || oldest.index > upTo) break;
      this.#bytes -= oldest.bytes;
      this.#head += 1;
    }
    assert(this.#bytes >= 0, 'a proposal is committed once');
    if (this.#head * 2 < this.#proposals.length) return;
    this.#proposals = this.#proposals.slice(this.#head);
    this.#head = 0;
  }

  reset(): void {
    this.#bytes = 0;
    this.#proposals = [];
    this.#head = 0;
  }

  describe(): string {
    return `uncommitted ${this.#bytes}/${this.#maxBytes}`;
  }
}
