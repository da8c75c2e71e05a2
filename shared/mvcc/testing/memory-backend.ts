import { OrderedMap } from '#shared/base';
import type { Backend } from '../backend.ts';
import { readLatin1, writeLatin1 } from '../bytes.ts';

/** A backend in memory: for tests. */
export class MemoryBackend implements Backend {
  readonly #map = new OrderedMap<Uint8Array>();

  get size(): number {
    return this.#map.size;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#map.get(text(key));
  }

  *scan(low: Uint8Array, high: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    const entries: [Uint8Array, Uint8Array][] = [];
    this.#map.walk(text(low), text(high), (value, key) => {
      const bytes = new Uint8Array(key.length);
      writeLatin1(bytes, 0, key);
      entries.push([bytes, value]);
      return true;
    });
    yield* entries;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#map.set(text(key), value);
  }

  delete(key: Uint8Array): void {
    this.#map.delete(text(key));
  }
}

function text(bytes: Uint8Array): string {
  return readLatin1(bytes, 0, bytes.length);
}
