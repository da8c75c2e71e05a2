import type { Http2Server, Http2Session, Http2Stream } from 'node:http2';

/** Always a power of two, and at least half empty. */
const leastSlots = 128;

/**
 * What node:http2 keeps a session's streams in, by their ids, in place of its Map. A Map that gains and
 * loses an entry with each request leaves a table behind every hundred; each points at the next, and
 * still at the streams it held. Once one of them is old, young collections take all since for alive,
 * streams with all that hangs on them, until the next full collection. Slots here are emptied.
 */
export class StreamTable<T extends object> implements Iterable<[number, T]> {
  #ids = new Int32Array(leastSlots);
  #streams = emptySlots<T>(leastSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#streams[this.#slot(id)];
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  set(id: number, stream: T): this {
    const slot = this.#slot(id);
    if (this.#streams[slot] === undefined) this.#size++;
    this.#ids[slot] = id;
    this.#streams[slot] = stream;
    if (2 * this.#size > this.#ids.length) this.#resize(2 * this.#ids.length);
    return this;
  }

  delete(id: number): boolean {
    const mask = this.#ids.length - 1;
    let free = this.#slot(id);
    if (this.#streams[free] === undefined) return false;
    this.#size--;
    // What was put further on because this slot was taken comes back.
    for (let at = (free + 1) & mask; ; at = (at + 1) & mask) {
      const stream = this.#streams[at];
      if (stream === undefined) break;
      const home = (this.#ids[at] as number) >>> 1;
      if (((at - home) & mask) < ((at - free) & mask)) continue;
      this.#ids[free] = this.#ids[at] as number;
      this.#streams[free] = stream;
      free = at;
    }
    this.#streams[free] = undefined;
    if (this.#ids.length > leastSlots && 16 * this.#size < this.#ids.length) {
      this.#resize(this.#ids.length / 2);
    }
    return true;
  }

  clear(): void {
    this.#streams.fill(undefined);
    this.#size = 0;
  }

  *[Symbol.iterator](): Generator<[number, T], undefined> {
    for (let slot = 0; slot < this.#ids.length; slot++) {
      const stream = this.#streams[slot];
      if (stream !== undefined) yield [this.#ids[slot] as number, stream];
    }
  }

  /** Of those there are now: `each` may delete. */
  forEach(each: (stream: T, id: number) => void): void {
    const all = [...this];
    for (const [id, stream] of all) each(stream, id);
  }

  values(): Iterable<T> {
    return [...this].map(([, stream]) => stream);
  }

  /** Where it is, or belongs. A client's ids are odd and come in order. */
  #slot(id: number): number {
    const mask = this.#ids.length - 1;
    let slot = (id >>> 1) & mask;
    while (this.#streams[slot] !== undefined && this.#ids[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  #resize(slots: number): void {
    const all = [...this];
    this.#streams.fill(undefined);
    this.#ids = new Int32Array(slots);
    this.#streams = emptySlots(slots);
    this.#size = 0;
    for (const [id, stream] of all) this.set(id, stream);
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

/** For sessions to come. Where node:http2 keeps its streams otherwise, nothing is changed. */
export function useStreamTables(server: Http2Server): void {
  server.on('session', (session: Http2Session) => {
    const symbol = Object.getOwnPropertySymbols(session).find(
      ({ description }) => description === 'state',
    );
    const state = symbol && (session as unknown as Record<symbol, { streams?: unknown }>)[symbol];
    // Its Map has no prototype that is known here.
    const streams = state?.streams as Partial<Map<number, Http2Stream>> | undefined;
    if (state && streams?.size === 0) state.streams = new StreamTable<Http2Stream>();
  });
}
