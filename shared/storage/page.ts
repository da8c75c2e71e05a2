import { latin1 } from './sealed-records.ts';

/*
 * Records that follow each other, as the value of one key of LevelDB's. Each is: length of its key (1 byte) and
 * of its value (4 bytes, big-endian), key, value; in order of their keys.
 */

/** With so many bytes a page is full: as much as LevelDB reads for the shortest record anyhow. */
export const fullPageBytes = 4096;
const headBytes = 5;

/** What a page grows by. */
export function recordBytes(name: string, value: Uint8Array): number {
  return headBytes + name.length + value.length;
}

/** Names are keys as latin1. */
export function encodePage(records: ReadonlyMap<string, Uint8Array>): Uint8Array {
  let bytes = 0;
  for (const [name, value] of records) bytes += recordBytes(name, value);
  const page = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const [name, value] of records) {
    page[at] = name.length;
    page.writeUInt32BE(value.length, at + 1);
    page.write(name, at + headBytes, 'latin1');
    at += headBytes + name.length;
    page.set(value, at);
    at += value.length;
  }
  return page;
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
  for (let at = 0; at < page.length; ) {
    const keyEnd = at + headBytes + (page[at] as number);
    const end = keyEnd + valueLength(page, at);
    if (isKey(page, at + headBytes, keyEnd, name))
      return new Uint8Array(page.subarray(keyEnd, end));
    at = end;
  }
  return undefined;
}

export function decodePage(page: Uint8Array): Map<string, Uint8Array> {
  return new Map(recordsOf(page).map(([key, value]) => [latin1(key), value]));
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
