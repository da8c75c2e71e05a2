import { expect, test } from 'vitest';
import { Mvcc } from './mvcc.ts';
import { MemoryBackend } from './testing/memory-backend.ts';

const value = new Uint8Array([1]);

test('a compaction looks at the keys that have changed, not at all there are', () => {
  const backend = new MemoryBackend();
  const mvcc = new Mvcc(backend);
  const keys = 5000;
  for (let i = 0; i < keys; i++) mvcc.put({ key: `k${i}`, value });
  for (const key of ['k7', 'k8', 'k9']) mvcc.put({ key, value });
  mvcc.deleteRange({ key: 'k8' });
  const stepsOf = (store: Mvcc): number => [...store.compactionSteps(10)].length;

  mvcc.compact(mvcc.revision);
  expect(stepsOf(mvcc)).toBe(1);
  // The older changes of three keys; the deletion itself stays for who watches from there on.
  expect(mvcc.compactedRecords).toBe(4);
  mvcc.put({ key: 'k1', value });
  mvcc.compact(mvcc.revision);
  const again = new Mvcc(backend);
  again.restore();
  expect(again.compactionPending).toBe(true);
  expect(stepsOf(again)).toBe(1);
  expect(again.compactedRecords).toBe(2);
  expect(again.compactionPending).toBe(false);
  expect(again.range({ key: '\0', rangeEnd: '\0', countOnly: true }).count).toBe(keys - 1);
});

test('a compaction that overtakes another drops what both would have', () => {
  const mvcc = new Mvcc(new MemoryBackend());
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 40; i++) mvcc.put({ key: `k${i}`, value });
  }
  mvcc.compact(81);
  const first = mvcc.compactionSteps(10);
  first.next();
  for (let i = 0; i < 40; i++) mvcc.put({ key: `k${i}`, value });
  mvcc.compact(mvcc.revision);
  for (const _ of first);
  expect(mvcc.compactionPending).toBe(false);
  expect(mvcc.compactedRecords).toBe(120);
});
