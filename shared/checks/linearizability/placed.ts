import { must } from '#shared/base';

/** Which of the floating steps are placed, by their index; the latest can be taken back. */
export class Placed {
  readonly #is: Uint8Array;
  readonly #order: number[] = [];
  #hashA = 0;
  #hashB = 0;

  constructor(steps: number) {
    this.#is = new Uint8Array(steps);
  }

  has(i: number): boolean {
    return this.#is[i] === 1;
  }

  get size(): number {
    return this.#order.length;
  }

  add(i: number): void {
    this.#order.push(i);
    this.#mark(i, 1);
  }

  /** Takes back all but the first so many. */
  backTo(size: number): void {
    while (this.#order.length > size) this.#mark(must(this.#order.pop(), 'just counted'), 0);
  }

  /** Equal for equal sets, in whatever order they were placed; unequal ones collide once in 2^64. */
  fingerprint(): string {
    return `${this.#hashA}.${this.#hashB}`;
  }

  #mark(i: number, is: 0 | 1): void {
    this.#is[i] = is;
    const sign = is === 1 ? 1 : -1;
    this.#hashA = (this.#hashA + sign * mixed(i, 0x9e3779b9)) | 0;
    this.#hashB = (this.#hashB + sign * mixed(i, 0x85ebca6b)) | 0;
  }
}

/** A number's bits, well mixed (murmur3's end). */
function mixed(i: number, seed: number): number {
  let h = Math.imul(i + 1, seed) ^ (i >>> 7);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
