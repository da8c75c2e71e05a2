import { assert } from '#shared/base';
import { historyRecord, type HistoryRecord } from '#shared/mvcc';
import { KvBackend } from '../kv-backend.ts';

/** A backend whose contents are known, to be damaged and looked at again. */
const records = 300;
const key = (i: number): Buffer => Buffer.from(`key-${String(i).padStart(6, '0')}`);
const value = (i: number): Buffer => Buffer.alloc(20 + (i % 90), `value ${i} `);
/** A change: these lie in pages. */
const revision = (i: number): HistoryRecord =>
  historyRecord.change(
    {
      key: `key-${i % 40}`,
      value: value(i),
      createRevision: 1,
      modRevision: i + 2,
      version: i + 1,
      lease: 0n,
    },
    0,
  );
const isDeleted = (i: number): boolean => i % 7 === 3 && i + 3 < records;
const voters = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [] };
export const appliedKnown = { index: 7, term: 2, confState: { ...voters, autoLeave: false } };

export async function writeKnown(folder: string): Promise<void> {
  const backend = await KvBackend.open(folder);
  await writeKnownTo(backend);
  await backend.close();
}

export async function writeKnownTo(backend: KvBackend): Promise<void> {
  for (let i = 0; i < records; i++) {
    backend.put(key(i), value(i));
    backend.put(...revision(i));
    if (i >= 3 && isDeleted(i - 3)) backend.delete(revision(i - 3)[0]);
    // Some in table files, some in LevelDB's own log, in several batches.
    if (i % 50 === 0) await backend.flush();
    if (i === records / 2) await backend.defragment();
  }
  backend.putMeta('members', ['a', 'b']);
  backend.setApplied(appliedKnown);
  await backend.flush();
}

/** Throws where something is not as it was written. */
export async function readKnown(folder: string): Promise<void> {
  const backend = await KvBackend.open(folder);
  try {
    readKnownFrom(backend);
  } finally {
    await backend.close();
  }
}

export function readKnownFrom(backend: KvBackend): void {
  for (let i = 0; i < records; i++) {
    const read = backend.get(key(i));
    assert(read !== undefined && value(i).equals(read), `record ${i} is another`);
    const [id, change] = revision(i);
    const paged = backend.get(id);
    const right = isDeleted(i) ? paged === undefined : paged && Buffer.compare(paged, change) === 0;
    assert(right === true, `revision ${i} is another`);
  }
  assert([...backend.scan(key(0), key(records))].length === records, 'records are missing');
  const left = Array.from({ length: records }, (_, i) => i).filter((i) => !isDeleted(i)).length;
  const [first, beyond] = [revision(0)[0], revision(records)[0]];
  assert([...backend.scan(first, beyond)].length === left, 'revisions are missing');
  assert(JSON.stringify(backend.applied) === JSON.stringify(appliedKnown), 'applied is another');
  assert(JSON.stringify(backend.getMeta('members')) === '["a","b"]', 'members are others');
}
