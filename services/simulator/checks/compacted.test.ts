import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import { type Event, Mvcc } from '#shared/mvcc';
import { MemoryBackend } from '../../../shared/mvcc/testing/memory-backend.ts';
import { Compacted } from './compacted.ts';
import { StateLog } from './state-log.ts';

test('what a compaction drops is gone, and what it leaves is there', () => {
  const backend = new MemoryBackend();
  const mvcc = new Mvcc(backend);
  const log = new StateLog(1);
  let index = 0;
  const did = ({ revision, events }: { revision: number; events: readonly Event[] }): void => {
    const entry = { operation: undefined, error: undefined, rest: '', term: 1, atMs: 0 };
    log.applied('m1', { ...entry, index: ++index, revision, events });
  };
  const put = (key: string) => did(mvcc.put({ key, value: Buffer.from('x') }));
  for (const key of ['a', 'b', 'a', 'c', 'a']) put(key);
  did(mvcc.deleteRange({ key: 'b' }));
  did(mvcc.deleteRange({ key: 'c' }));
  const checker = new Compacted(log);
  for (const compacted of [4, 7, 8]) {
    const done = (): void => checker.done('m1', backend, mvcc.revision, compacted);
    mvcc.compact(compacted);
    expect(done).toThrow(BrokenPromise);
    for (const _ of mvcc.compactionSteps());
    done();
  }
  for (const [key] of backend.scan(Uint8Array.of(0), Uint8Array.of(255))) backend.delete(key);
  expect(() => checker.done('m1', backend, mvcc.revision, 8)).toThrow(BrokenPromise);
});
