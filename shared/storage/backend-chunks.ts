import { crc32 } from 'node:zlib';
import { appliedKey, encodeApplied, nothingApplied } from './applied-state.ts';
import { prefixed, sealed } from './sealed-records.ts';
import { encodeChunks, type SnapshotRecord } from './snapshot-chunks.ts';

/** A backend that holds these records and nothing applied, in the form of a snapshot's chunks. */
export function backendChunks(
  records: AsyncIterable<SnapshotRecord>,
): AsyncGenerator<Uint8Array, void> {
  return encodeChunks(rows(records));
}

async function* rows(records: AsyncIterable<SnapshotRecord>): AsyncGenerator<SnapshotRecord, void> {
  let digest = 0;
  let count = 0;
  for await (const [plain, value] of records) {
    const key = prefixed(plain);
    digest ^= crc32(key);
    count++;
    yield [key, sealed(crc32(key), value)];
  }
  const applied = { ...nothingApplied, index: 1, term: 1 };
  yield [
    appliedKey,
    sealed(crc32(appliedKey), encodeApplied(applied, new Map(), { count, digest })),
  ];
}
