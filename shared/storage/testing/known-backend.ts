import { assert } from '#shared/base';
import { KvBackend } from '../kv-backend.ts';

/** A backend whose contents are known, to be damaged and looked at again. */
const records = 300;
const key = (i: number): Buffer => Buffer.from(`key-${String(i).padStart(6, '0')}`);
const value = (i: number): Buffer => Buffer.alloc(20 + (i % 90), `value ${i} `);
const voters = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [] };
const applied = { index: 7, term: 2, confState: { ...voters, autoLeave: false } };

export async function writeKnown(folder: string): Promise<void> {
  const backend = await KvBackend.open(folder);
  for (let i = 0; i < records; i++) {
    backend.put(key(i), value(i));
    // Some in table files, some in LevelDB's own log, in several batches.
    if (i % 50 === 0) await backend.flush();
    if (i === records / 2) await backend.defragment();
  }
  backend.putMeta('members', ['a', 'b']);
  backend.setApplied(applied);
  await backend.flush();
  await backend.close();
}

/** Throws where something is not as it was written. */
export async function readKnown(folder: string): Promise<void> {
  const backend = await KvBackend.open(folder);
  try {
    for (let i = 0; i < records; i++) {
      const read = backend.get(key(i));
      assert(read !== undefined && value(i).equals(read), `record ${i} is another`);
    }
    assert([...backend.scan(key(0), key(records))].length === records, 'records are missing');
    assert(JSON.stringify(backend.applied) === JSON.stringify(applied), 'applied is another');
    assert(JSON.stringify(backend.getMeta('members')) === '["a","b"]', 'members are others');
  } finally {
    await backend.close();
  }
}
