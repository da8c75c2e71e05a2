import { crc32 } from 'node:zlib';
import { isRevisionKey } from '#shared/mvcc';
import { appliedKey, encodeApplied, nothingApplied } from './applied-state.ts';
import { encodePage, fullPageBytes, recordBytes } from './page.ts';
import { latin1, pageKey, prefixed, prefixedCrc, sealed } from './sealed-records.ts';
import { encodeChunks, type SnapshotRecord } from './snapshot-chunks.ts';

/**
 * A backend that holds these records and nothing applied, in the form of a snapshot's chunks. Revisions
 * among them ascend.
 */
export function backendChunks(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<Uint8Array, void> {
  return encodeChunks(rows(records));
}

async function* rows(records: AsyncIterable<SnapshotRecord>): AsyncGenerator<SnapshotRecord, void> {
  let digest = 0;
  let count = 0;
  let page = new Map<string, Uint8Array>();
  let pageBytes = 0;
  for await (const [key, value] of records) {
    digest ^= prefixedCrc(key);
    count++;
    if (!isRevisionKey(key)) {
      yield sealedRow(prefixed(key), value);
      continue;
    }
    page.set(latin1(key), value);
    pageBytes += recordBytes(latin1(key), value);
    if (pageBytes < fullPageBytes) continue;
    yield pageRow(page);
    page = new Map();
    pageBytes = 0;
  }
  if (page.size > 0) yield pageRow(page);
  const applied = { ...nothingApplied, index: 1, term: 1 };
  yield sealedRow(appliedKey, encodeApplied(applied, new Map(), { count, digest }));
}

function pageRow(page: ReadonlyMap<string, Uint8Array>): SnapshotRecord {
  const [name = ''] = page.keys();
  return sealedRow(pageKey(name), encodePage(page));
}

function sealedRow(key: Uint8Array, value: Uint8Array): SnapshotRecord {
  return [key, sealed(crc32(key), value)];
}
