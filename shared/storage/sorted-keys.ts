/** Keys of one chunk; a full one is split in two. */
const chunkKeysMax = 512;

/**
 * An ordered set of latin1 strings: a list of sorted chunks. Most keys come in at the end, for
 * which it is as cheap as an array.
 */
export class SortedKeys {
  #chunks: string[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    const chunk = this.#chunks[this.#chunkOf(key)] as string[];
    return chunk[lowerBound(chunk, key)] === key;
  }

  /** Whether it was not there. */
  add(key: string): boolean {
    const end = this.#chunks[this.#chunks.length - 1] as string[];
    const last = end[end.length - 1];
    if (last !== undefined && last < key && end.length < chunkKeysMax) {
      this.#size++;
      end.push(key);
      return true;
    }
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as string[];
    const position = lowerBound(chunk, key);
    if (chunk[position] === key) return false;
    this.#size++;
    if (position === chunk.length) chunk.push(key);
    else chunk.splice(position, 0, key);
    if (chunk.length <= chunkKeysMax) return true;
    // A chunk that grew at its end stays full, so that ascending keys pack tightly.
    const keep = position === chunk.length - 1 ? chunkKeysMax : chunkKeysMax / 2;
    this.#chunks.splice(at + 1, 0, chunk.splice(keep));
    return true;
  }

  delete(key: string): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as string[];
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return false;
    this.#size--;
    chunk.splice(position, 1);
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(at, 1);
    return true;
  }

  /** The last one up to `key`. */
  floor(key: string): string | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)] as string[];
    const position = lowerBound(chunk, key);
    return chunk[position] === key ? key : chunk[position - 1];
  }

  /** Ascending over [low, high). Nothing may be added or deleted meanwhile. */
  *range(low: string, high: string): Generator<string, void> {
    let at = this.#chunkOf(low);
    let position = lowerBound(this.#chunks[at] as string[], low);
    for (; at < this.#chunks.length; at++, position = 0) {
      const chunk = this.#chunks[at] as string[];
      for (; position < chunk.length; position++) {
        const key = chunk[position] as string;
        if (key >= high) return;
        yield key;
      }
    }
  }

  /** The chunk that holds `key`, or would. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const first = (this.#chunks[middle] as string[])[0];
      if (first !== undefined && first <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  const last = keys[high - 1];
  if (last !== undefined && last < key) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
