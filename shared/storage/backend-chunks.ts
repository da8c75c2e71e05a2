import { isRevisionKey } from '#shared/mvcc';
import { appliedKey, encodeApplied, nothingApplied } from './applied-state.ts';
import { fullPageBytes, Page } from './page.ts';
import { latin1, pageKey, prefixed, sealed, sealOf } from './sealed-records.ts';
import { digestWith } from './seals.ts';
import { encodeChunks, type SnapshotRecord } from './snapshot-chunks.ts';

/**
 * A backend that holds these records and nothing applied, in the form of a snapshot's chunks. Revisions
 * among them ascend.
 */
export function backendChunks(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<Uint8Array, void> {
  return encodeChunks(checked(rowsOf(records)));
}

async function* checked(rows: AsyncIterable<SnapshotRecord>): AsyncGenerator<SnapshotRecord, void> {
  let digest = 0;
  let count = 0;
  for await (const row of rows) {
    digest = digestWith(digest, sealOf(row[1]));
    count++;
    yield row;
  }
  const applied = { ...nothingApplied, index: 1, term: 1 };
  yield sealedRow(appliedKey, encodeApplied(applied, new Map(), { count, digest }));
}

async function* rowsOf(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<SnapshotRecord, void> {
  let name = '';
  let page = new Page();
  for await (const [key, value] of records) {
    if (!isRevisionKey(key)) {
      yield sealedRow(prefixed(key), value);
      continue;
    }
    if (page.length === 0) name = latin1(key);
    page.add(key, value);
    if (page.length < fullPageBytes) continue;
    yield sealedRow(pageKey(name), page.bytes);
    page = new Page();
  }
  if (page.length > 0) yield sealedRow(pageKey(name), page.bytes);
}

function sealedRow(key: Uint8Array, value: Uint8Array): SnapshotRecord {
  return [key, sealed(key, value)];
}
