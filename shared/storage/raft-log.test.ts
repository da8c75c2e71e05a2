import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry, HardState } from '#shared/raft';
import { entryKey } from './log-record.ts';
import { RaftLog } from './raft-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'raft-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const entry = (index: number, term: number, data = `${term}/${index}`): Entry => ({
  index,
  term,
  type: 'normal',
  data: text(data),
});
const run = (from: number, to: number, term: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term));
const state = (term: number, commit = 0): HardState => ({ term, vote: 7, commit });
const terms = (log: RaftLog): (number | undefined)[] =>
  Array.from({ length: log.lastIndex() + 2 }, (_, index) => log.term(index));

async function reopened(log: RaftLog): Promise<RaftLog> {
  await log.close();
  return RaftLog.open(folder);
}

async function damage(fn: (level: ClassicLevel<Uint8Array, Uint8Array>) => Promise<void>) {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await level.open();
  await fn(level);
  await level.close();
}

describe('what was written is there after a restart', () => {
  test('entries, hard state and kinds of entries', async () => {
    let log = await RaftLog.open(folder);
    expect(log.empty).toBe(true);
    const change: Entry = { ...entry(3, 1), type: 'conf-change' };
    await log.write([{ hardState: state(1), entries: [...run(1, 2, 1), change] }]);
    await log.write([{ hardState: state(2, 3), entries: run(4, 5, 2) }]);
    log = await reopened(log);
    expect(log.initialState().hardState).toEqual(state(2, 3));
    expect(terms(log)).toEqual([0, 1, 1, 1, 2, 2, undefined]);
    const read = log.entries(3, 5, 1e6).map((e) => ({ ...e, data: new Uint8Array(e.data) }));
    expect(read).toEqual([change, entry(4, 2)]);
    await log.close();
  });

  test('a commit index alone is not written, but goes along with the next entries', async () => {
    let log = await RaftLog.open(folder);
    await log.write([{ hardState: state(1), entries: run(1, 4, 1) }]);
    await log.write([{ hardState: state(1, 4), entries: [] }]);
    expect(log.initialState().hardState.commit).toBe(4);
    log = await reopened(log);
    expect(log.initialState().hardState.commit).toBe(0);
    await log.write([{ hardState: state(1, 4), entries: [] }]);
    await log.write([{ entries: run(5, 5, 1) }]);
    log = await reopened(log);
    expect(log.initialState().hardState.commit).toBe(4);
    await log.close();
  });

  test('a conflicting suffix is gone, also when several writes share a batch', async () => {
    let log = await RaftLog.open(folder);
    await log.write([{ entries: run(1, 10, 1) }]);
    await log.write([{ entries: run(4, 6, 2) }, { entries: run(5, 5, 3), hardState: state(3) }]);
    log = await reopened(log);
    expect(terms(log)).toEqual([0, 1, 1, 1, 2, 3, undefined]);
    await log.close();
  });

  test('a compaction keeps its index and term; what is before it is gone', async () => {
    let log = await RaftLog.open(folder);
    await log.write([{ hardState: state(2, 3000), entries: run(1, 3000, 2) }]);
    await log.compact(2500);
    log = await reopened(log);
    expect(log.compactedIndex()).toBe(2500);
    expect([log.term(2499), log.term(2500), log.term(2501)]).toEqual([undefined, 2, 2]);
    expect(log.lastIndex()).toBe(3000);
    await log.close();
  });

  test('behind a snapshot the log starts anew', async () => {
    let log = await RaftLog.open(folder);
    await log.write([{ hardState: state(1), entries: run(1, 20, 1) }]);
    await log.startFrom({ index: 10, term: 3, backend: 4 }, state(3, 10));
    expect([log.compactedIndex(), log.lastIndex(), log.term(10)]).toEqual([10, 10, 3]);
    await log.write([{ entries: run(11, 12, 3) }]);
    log = await reopened(log);
    expect([log.compactedIndex(), log.lastIndex(), log.term(12)]).toEqual([10, 12, 3]);
    expect(log.backendNumber).toBe(4);
    await log.close();
  });
});

test('entries out of memory are read from disk, and bytes bound a read', async () => {
  const log = await RaftLog.open(folder);
  const big = 'x'.repeat(1 << 20);
  for (let index = 1; index <= 20; index++) await log.write([{ entries: [entry(index, 1, big)] }]);
  const read = log.entries(1, 21, 3 * (1 << 20));
  expect(read.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(log.entries(2, 3, 0)).toHaveLength(1);
  await log.close();
});

describe('damage', () => {
  const written = async (): Promise<void> => {
    const log = await RaftLog.open(folder);
    await log.write([{ hardState: state(1, 4), entries: run(1, 5, 1) }]);
    await log.close();
  };

  test('beyond the last acknowledged entry is cut off', async () => {
    await written();
    await damage((level) => level.put(entryKey(6), Uint8Array.of(1, 2, 3)));
    const log = await RaftLog.open(folder);
    expect(log.lastIndex()).toBe(5);
    await log.close();
  });

  test.each([
    [
      'a hole',
      /entry 3 is missing/,
      (level: ClassicLevel<Uint8Array, Uint8Array>) => level.del(entryKey(3)),
    ],
    [
      'a lost end',
      /entry 5 is missing/,
      (level: ClassicLevel<Uint8Array, Uint8Array>) => level.del(entryKey(5)),
    ],
    [
      'a flipped bit',
      /entry 2 has a wrong checksum/,
      async (level: ClassicLevel<Uint8Array, Uint8Array>) => {
        const value = (await level.get(entryKey(2))) ?? new Uint8Array();
        const flipped = value.slice();
        flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
        await level.put(entryKey(2), flipped);
      },
    ],
    [
      'an entry in the place of another',
      /entry 2 has a wrong checksum/,
      async (level: ClassicLevel<Uint8Array, Uint8Array>) =>
        level.put(entryKey(2), (await level.get(entryKey(3))) ?? new Uint8Array()),
    ],
  ])('%s is refused, saying what to do', async (_what, message, spoil) => {
    await written();
    await damage(async (level) => {
      await spoil(level);
    });
    await expect(RaftLog.open(folder)).rejects.toThrow(message);
    await expect(RaftLog.open(folder)).rejects.toThrow(/move this directory away/);
  });

  test('a folder in use names its holder', async () => {
    const log = await RaftLog.open(folder);
    await expect(RaftLog.open(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await log.close();
  });
});
