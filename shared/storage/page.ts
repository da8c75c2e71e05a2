/*
 * Records that follow each other, as the value of one key of LevelDB's. Each is: length of its key (1 byte) and
 * of its value (4 bytes, big-endian), key, value; in order of their keys.
 */

/** With so many bytes a page is full: as much as LevelDB reads for the shortest record anyhow. */
export const fullPageBytes = 4096;
const headBytes = 5;

/** What is left of a page for its last record, before it has to grow. */
const spareBytes = 512;

/** Records that are added at the end, and deleted anywhere: at all times as they lie on the disk. */
export class Page {
  #bytes: Buffer;
  #length: number;

  /** `bytes`: of a page as it was written, which are copied. */
  constructor(bytes?: Uint8Array) {
    this.#length = bytes?.length ?? 0;
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(this.#length, fullPageBytes + spareBytes));
    if (bytes) this.#bytes.set(bytes);
  }

  get length(): number {
    return this.#length;
  }

  /** A view, which holds until the next change. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The key is above all there are. By how many bytes the page has grown. */
  add(key: Uint8Array, value: Uint8Array): number {
    const keyAt = this.#length + headBytes;
    const valueAt = keyAt + key.length;
    this.#reserve(valueAt + value.length);
    this.#bytes[this.#length] = key.length;
    this.#bytes.writeUInt32BE(value.length, this.#length + 1);
    this.#bytes.set(key, keyAt);
    this.#bytes.set(value, valueAt);
    this.#length = valueAt + value.length;
    return headBytes + key.length + value.length;
  }

  /** What was there. */
  delete(name: string): Uint8Array | undefined {
    const found = placeOf(this.#bytes, this.#length, name);
    if (!found) return undefined;
    const value = new Uint8Array(this.#bytes.subarray(found.valueAt, found.end));
    this.#bytes.copyWithin(found.at, found.end, this.#length);
    this.#length -= found.end - found.at;
    return value;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#bytes.length));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}

/** Keys and values are views of the page. */
export function recordsOf(page: Uint8Array): [Uint8Array, Uint8Array][] {
  const records: [Uint8Array, Uint8Array][] = [];
  for (let at = 0; at < page.length; ) {
    const keyEnd = at + headBytes + (page[at] as number);
    const end = keyEnd + valueLength(page, at);
    records.push([page.subarray(at + headBytes, keyEnd), page.subarray(keyEnd, end)]);
    at = end;
  }
  return records;
}

/** A copy: whoever keeps it shall not keep the page. */
export function findRecord(page: Uint8Array, name: string): Uint8Array | undefined {
  const found = placeOf(page, page.length, name);
  return found && new Uint8Array(page.subarray(found.valueAt, found.end));
}

interface Place {
  readonly at: number;
  readonly valueAt: number;
  readonly end: number;
}

/** Where the record of this name, a key as latin1, lies in the first `length` bytes. */
function placeOf(page: Uint8Array, length: number, name: string): Place | undefined {
  for (let at = 0; at < length; ) {
    const valueAt = at + headBytes + (page[at] as number);
    const end = valueAt + valueLength(page, at);
    if (isKey(page, at + headBytes, valueAt, name)) return { at, valueAt, end };
    at = end;
  }
  return undefined;
}

/** From its end on, where keys that follow each other differ. */
function isKey(page: Uint8Array, from: number, end: number, name: string): boolean {
  if (end - from !== name.length) return false;
  for (let i = name.length - 1; i >= 0; i--) {
    if (page[from + i] !== name.charCodeAt(i)) return false;
  }
  return true;
}

function valueLength(page: Uint8Array, at: number): number {
  const [a, b, c, d] = [page[at + 1], page[at + 2], page[at + 3], page[at + 4]] as number[];
  return (
    (((a as number) << 24) | ((b as number) << 16) | ((c as number) << 8) | (d as number)) >>> 0
  );
}
