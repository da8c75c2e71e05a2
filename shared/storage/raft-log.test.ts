import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRng } from '#shared/base';
import type { Entry, HardState } from '#shared/raft';
import { LogSegment } from './log-segment.ts';
import { nodeDisk } from './node-disk.ts';
import { RaftLog } from './raft-log.ts';
import { SimDisk } from './sim-disk.ts';

const folder = '/log';
const sizes = { firstSegmentBytes: 16 << 10, segmentBytes: 64 << 10 };
let disk: SimDisk;
beforeEach(() => {
  disk = new SimDisk({ rng: createRng(1) });
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const entry = (index: number, term: number, data = `${term}/${index}`): Entry => ({
  index,
  term,
  type: 'normal',
  data: text(data),
});
const run = (from: number, to: number, term: number, data?: string): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term, data));
const state = (term: number, commit = 0): HardState => ({ term, vote: 7, commit });
const terms = (log: RaftLog): (number | undefined)[] =>
  Array.from({ length: log.lastIndex() + 2 }, (_, index) => log.term(index));
const open = (): Promise<RaftLog> => RaftLog.open(disk.attach(), folder, sizes);

async function reopened(log: RaftLog): Promise<RaftLog> {
  await log.close();
  return open();
}

describe('what was written is there after a restart', () => {
  test('entries, hard state and kinds of entries', async () => {
    let log = await open();
    expect(log.empty).toBe(true);
    const change: Entry = { ...entry(3, 1), type: 'conf-change' };
    await log.write([{ hardState: state(1), entries: [...run(1, 2, 1), change] }]);
    await log.write([{ hardState: state(2, 3), entries: run(4, 5, 2) }]);
    log = await reopened(log);
    expect(log.initialState().hardState).toEqual(state(2, 3));
    expect(terms(log)).toEqual([0, 1, 1, 1, 2, 2, undefined]);
    expect(log.entries(3, 5, 1e6)).toEqual([change, entry(4, 2)]);
  });

  test('on the real disk', async () => {
    const path = await mkdtemp(join(tmpdir(), 'raft-log-'));
    try {
      let log = await RaftLog.open(nodeDisk, path, sizes);
      await log.write([{ hardState: state(1), entries: run(1, 1000, 1, 'x'.repeat(100)) }]);
      await log.compact(500);
      await log.write([{ hardState: state(1, 900), entries: run(1001, 1001, 1) }]);
      await log.close();
      log = await RaftLog.open(nodeDisk, path, sizes);
      expect([log.compactedIndex(), log.lastIndex()]).toEqual([500, 1001]);
      expect(log.initialState().hardState).toEqual(state(1, 900));
      await log.close();
    } finally {
      await rm(path, { recursive: true });
    }
  });

  test('entries committed long ago, which are not in memory any more, are what was written', async () => {
    const log = await open();
    for (let first = 1; first < 2000; first += 100) {
      await log.write([{ hardState: state(1, first - 1), entries: run(first, first + 99, 1) }]);
    }
    await log.write([{ hardState: state(2, 2000), entries: run(1990, 2100, 2) }]);
    expect(log.entries(1, 2101, 1e6)).toEqual([...run(1, 1989, 1), ...run(1990, 2100, 2)]);
  });

  test('a commit index alone is not written, but goes along with the next entries', async () => {
    let log = await open();
    await log.write([{ hardState: state(1), entries: run(1, 4, 1) }]);
    expect(await log.write([{ hardState: state(1, 4), entries: [] }])).toBe(false);
    expect(log.initialState().hardState.commit).toBe(4);
    log = await reopened(log);
    expect(log.initialState().hardState.commit).toBe(0);
    await log.write([{ hardState: state(1, 4), entries: [] }]);
    expect(await log.write([{ entries: run(5, 5, 1) }])).toBe(true);
    log = await reopened(log);
    expect(log.initialState().hardState.commit).toBe(4);
  });

  test('a conflicting suffix is gone, also when several writes share a batch', async () => {
    let log = await open();
    await log.write([{ entries: run(1, 10, 1) }]);
    await log.write([{ entries: run(4, 6, 2) }, { entries: run(5, 5, 3), hardState: state(3) }]);
    log = await reopened(log);
    expect(terms(log)).toEqual([0, 1, 1, 1, 2, 3, undefined]);
  });

  test('a compaction keeps its index and term; segments before it are gone', async () => {
    let log = await open();
    for (let index = 1; index <= 3000; index += 10) {
      await log.write([
        { hardState: state(2, index), entries: run(index, index + 9, 2, 'x'.repeat(100)) },
      ]);
    }
    const before = disk.list(folder).length;
    await log.compact(2500);
    expect(disk.list(folder).length).toBeLessThan(before / 2);
    log = await reopened(log);
    expect(log.compactedIndex()).toBe(2500);
    expect([log.term(2499), log.term(2500), log.term(2501)]).toEqual([undefined, 2, 2]);
    expect(log.lastIndex()).toBe(3000);
  });

  test('behind a snapshot the log starts anew', async () => {
    let log = await open();
    await log.write([{ hardState: state(1), entries: run(1, 20, 1) }]);
    await log.startFrom({ index: 10, term: 3, backend: 4 }, state(3, 10));
    expect([log.compactedIndex(), log.lastIndex(), log.term(10)]).toEqual([10, 10, 3]);
    await log.write([{ entries: run(11, 12, 3) }]);
    log = await reopened(log);
    expect([log.compactedIndex(), log.lastIndex(), log.term(12)]).toEqual([10, 12, 3]);
    expect(log.backendNumber).toBe(4);
  });

  test('a write larger than a segment', async () => {
    let log = await open();
    const big = 'x'.repeat(300_000);
    await log.write([{ entries: run(1, 1, 1, big) }]);
    await log.write([{ entries: run(2, 2, 1, 'y') }]);
    log = await reopened(log);
    expect(log.entries(1, 3, 1e6)).toEqual([entry(1, 1, big), entry(2, 1, 'y')]);
  });
});

test('entries out of memory are read from disk, and bytes bound a read', async () => {
  const log = await open();
  const big = 'x'.repeat(1 << 20);
  for (let index = 1; index <= 20; index++) await log.write([{ entries: [entry(index, 1, big)] }]);
  const read = log.entries(1, 21, 3 * (1 << 20));
  expect(read.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(log.entries(2, 3, 0)).toEqual([entry(2, 1, big)]);
});

describe('damage', () => {
  const first = `${folder}/00000001.seg`;
  /** Five writes of an entry of 100 bytes: a header of 64, a record of 128, and in the first the log's start. */
  const offsetOf = (write: number): number => (write === 1 ? 16 : 16 + 40 + 192 * (write - 1));
  const written = async (data = 'x'.repeat(100)): Promise<void> => {
    const log = await open();
    for (let index = 1; index <= 5; index++) {
      await log.write([{ hardState: state(1, index - 1), entries: [entry(index, 1, data)] }]);
    }
    await log.close();
  };
  const refused = async (message: RegExp): Promise<void> => {
    await expect(open()).rejects.toThrow(message);
    await expect(open()).rejects.toThrow(/move this directory away/);
  };

  test('a write that was cut short is cut off, and written over', async () => {
    await written();
    const log = await open();
    disk.failNext('EIO', (operation) => operation === 'write');
    await expect(log.write([{ entries: run(6, 9, 1, 'y'.repeat(1000)) }])).rejects.toThrow(
      /cannot write the raft log: EIO.*This member stops/,
    );
    await expect(log.write([{ entries: run(6, 6, 1) }])).rejects.toThrow(/EIO/);
    disk.kill();
    const again = await open();
    expect(again.lastIndex()).toBe(5);
    await again.write([{ entries: run(6, 6, 1) }]);
    await again.close();
    expect((await open()).lastIndex()).toBe(6);
  });

  test('a full disk stops the member, and costs nothing that was acknowledged', async () => {
    const log = await open();
    disk.full = true;
    let acknowledged = 0;
    const filling = async (): Promise<void> => {
      for (let index = 1; ; index++) {
        await log.write([{ entries: [entry(index, 1, 'x'.repeat(1000))] }]);
        acknowledged = index;
      }
    };
    await expect(filling()).rejects.toThrow(
      /ENOSPC.*free the disk or mend it, then start it again/,
    );
    expect(acknowledged).toBeGreaterThan(10);
    disk.kill();
    disk.full = false;
    expect((await open()).lastIndex()).toBe(acknowledged);
  });

  test('a disk that is full from the beginning is told as such', async () => {
    disk.full = true;
    await expect(open()).rejects.toThrow(
      /cannot open the raft log in \/log: ENOSPC.*Free the disk/,
    );
    disk.kill();
    disk.full = false;
    expect((await open()).empty).toBe(true);
  });

  test('the file of a log that is still empty stays, also where the disk is full at the next start', async () => {
    await (await open()).close();
    disk.full = true;
    const log = await open();
    expect(log.empty).toBe(true);
    disk.full = false;
    await log.write([{ entries: run(1, 2, 1), hardState: state(1) }]);
    expect(terms(await reopened(log))).toEqual([0, 1, 1, undefined]);
  });

  test.each([1, 2, 3, 4])(
    'a file whose name was not synced when its process died is kept in a power failure (disk %i)',
    async (seed) => {
      disk = new SimDisk({ rng: createRng(seed) });
      disk.failNext('EIO', (operation) => operation === 'sync-folder');
      await expect(open()).rejects.toThrow(/EIO/);
      disk.kill();
      let log = await open();
      await log.write([{ entries: run(1, 4, 1, 'x'.repeat(3000)), hardState: state(1) }]);
      // The next file is made ahead of time, and nobody hears that its name is in doubt.
      disk.failNext('EIO', (operation) => operation === 'sync-folder');
      await log.write([{ entries: run(5, 5, 1) }]);
      await log.close();
      disk.kill();
      log = await open();
      await log.write([{ entries: run(6, 9, 1, 'x'.repeat(3000)) }]);
      disk.crash();
      expect((await open()).lastIndex()).toBe(9);
    },
  );

  test('an empty file is no log where those before it are gone', async () => {
    await (await open()).close();
    await disk.attach().rename(`${folder}/00000001.seg`, `${folder}/00000002.seg`);
    await expect(open()).rejects.toThrow(/00000002.seg.*: the header of the file is damaged/);
    const spare = await LogSegment.create(disk.attach(), folder, 2, 4096);
    await spare.close();
    await expect(open()).rejects.toThrow(/00000002.seg.*: it is empty, and file 1 is missing/);
  });

  test('a flipped bit is refused: in the middle, and in the last write', async () => {
    await written();
    disk.flip(first, offsetOf(2) + 100);
    await refused(
      /00000001\.seg at byte 248: write 2 has a wrong checksum.*Entries up to 1 are sound/,
    );
    disk.flip(first, offsetOf(2) + 100);
    disk.flip(first, offsetOf(5) + 100);
    await refused(/write 5 has a wrong checksum/);
    disk.flip(first, offsetOf(5) + 100);
    disk.flip(first, offsetOf(5) + 9);
    await refused(/the header of a write has a wrong checksum/);
  });

  test('a flipped bit in the last write is no torn write because its value has zeros', async () => {
    await written('\0'.repeat(2000));
    disk.flip(first, 16 + 40 + 4 * (64 + 28 + 2000 + 4) + 70);
    await refused(/write 5 has a wrong checksum/);
  });

  test('a sector that was lost is refused where later writes follow', async () => {
    await written('x'.repeat(1000));
    disk.loseSector(first, 16 + 40 + 1096 + 600);
    await refused(/a write is missing or damaged, but a later one follows at byte 2240/);
  });

  test('a missing segment is refused', async () => {
    const log = await open();
    for (let index = 1; index <= 200; index++) {
      await log.write([{ entries: [entry(index, 1, 'x'.repeat(1000))] }]);
    }
    await log.close();
    await disk.attach().remove(`${folder}/00000002.seg`);
    await refused(/entries 1 to \d+ are missing \(there is a file 1\)/);
  });

  test('the newest segment missing is refused, whether it was used or is spare', async () => {
    let log = await open();
    let index = 0;
    const write = () => log.write([{ entries: [entry(++index, 1, 'x'.repeat(1000))] }]);
    while (!disk.attach().list(folder).includes('00000003.seg')) await write();
    log = await reopened(log);
    await write();
    await log.close();
    await disk.attach().remove(`${folder}/00000003.seg`);
    await refused(/00000002\.seg at byte \d+: file 3, which was there then, is missing/);
    await disk.attach().remove(`${folder}/00000002.seg`);
    await refused(/00000001\.seg at byte \d+: file 2, which was there then, is missing/);
  });

  test('a spare segment is used after a restart', async () => {
    let log = await open();
    const segments = () => disk.attach().list(folder);
    let index = 0;
    const write = () => log.write([{ entries: [entry(++index, 1, 'x'.repeat(1000))] }]);
    while (segments().length < 2) await write();
    log = await reopened(log);
    expect(segments()).toHaveLength(2);
    while (segments().length < 3) await write();
    log = await reopened(log);
    expect(log.lastIndex()).toBe(index);
    expect(segments()).toEqual(['00000001.seg', '00000002.seg', '00000003.seg']);
    await log.close();
  });

  test('a member that had written more than its log shows is refused', async () => {
    await written();
    const log = await open();
    expect(() => log.raiseCommit(5)).not.toThrow();
    expect(() => log.raiseCommit(6)).toThrow(/ends at 5, but the store has applied 6: move this/);
  });

  test('the log of an earlier version is named as such', async () => {
    const path = await mkdtemp(join(tmpdir(), 'raft-log-'));
    await writeFile(join(path, 'CURRENT'), 'MANIFEST-000001\n');
    await expect(RaftLog.open(nodeDisk, path)).rejects.toThrow(/version before segment files/);
    await rm(path, { recursive: true });
  });
});
