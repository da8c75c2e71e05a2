/** Where each entry of the log lies: a number of the segment and an offset in it. */
export class LogIndex {
  #first: number;
  /** Segment × 2^32 + offset. */
  #places: number[] = [];

  /** `first`: the index of the first entry that will be added. */
  constructor(first: number) {
    this.#first = first;
  }

  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#first + this.#places.length;
  }

  /** An entry follows the last one, or replaces one with all that comes after it. */
  set(index: number, segment: number, offset: number): void {
    this.#places.length = index - this.#first;
    this.#places.push(segment * 0x1_0000_0000 + offset);
  }

  place(index: number): { readonly segment: number; readonly offset: number } | undefined {
    const place = this.#places[index - this.#first];
    if (place === undefined) return undefined;
    return { segment: Math.floor(place / 0x1_0000_0000), offset: place % 0x1_0000_0000 };
  }

  dropThrough(index: number): void {
    if (index < this.#first) return;
    this.#places.splice(0, index - this.#first + 1);
    this.#first = index + 1;
  }

  reset(first: number): void {
    this.#first = first;
    this.#places = [];
  }
}
