import { describe, expect, it } from 'vitest';
import { RaftLog } from './log.ts';
import { noConf } from './testing/member.ts';
import { MemoryLog } from './testing/memory-log.ts';
import type { Entry, Ready } from './types.ts';

const entry = (index: number, term: number): Entry => ({
  index,
  term,
  type: 'normal',
  data: new Uint8Array(index),
});
const conf = { ...noConf, voters: [1] };

/** A disk with entries 2..last of term 1 after the first snapshot at 1. */
function startedLog(last: number): {
  disk: MemoryLog;
  log: RaftLog;
  begin: () => { end: () => void };
} {
  const disk = new MemoryLog(conf);
  const log = new RaftLog(disk, 1, 1);
  const begin = (): { end: () => void } => {
    const ready = {
      ...log.beginWrite(),
      messages: [],
      messagesAfterSync: [],
      committed: [],
      readStates: [],
    } satisfies Ready;
    return {
      end: () => {
        disk.write(ready);
        log.finishWrite();
      },
    };
  };
  if (last > 1) {
    log.append(Array.from({ length: last - 1 }, (_, at) => entry(at + 2, 1)));
    begin().end();
  }
  return { disk, log, begin };
}

describe('RaftLog', () => {
  it('counts an overwritten entry as durable only when its last write is (A, B, A)', () => {
    const { disk, log, begin } = startedLog(2);
    log.append([entry(3, 1)]);
    const first = begin();
    log.append([entry(3, 2)]);
    const second = begin();
    log.append([entry(3, 1)]);
    const third = begin();
    first.end();
    expect(log.durableIndex).toBe(2);
    second.end();
    expect(log.durableIndex).toBe(2);
    expect(log.term(3)).toBe(1);
    third.end();
    expect(log.durableIndex).toBe(3);
    expect(disk.term(3)).toBe(1);
  });

  it('hands nothing out twice, and again only what was replaced', () => {
    const { log, begin } = startedLog(1);
    log.append([entry(2, 1), entry(3, 1)]);
    expect(log.beginWrite().entries).toEqual([entry(2, 1), entry(3, 1)]);
    expect(log.hasUnwritten).toBe(false);
    log.append([entry(3, 2)]);
    expect(log.beginWrite().entries).toEqual([entry(3, 2)]);
    expect(begin).toBeDefined();
  });

  it('reads across the durable and the unstable part within the size limit', () => {
    const { log } = startedLog(4);
    log.append([entry(5, 2), entry(6, 2)]);
    const indexes = (low: number, maxBytes: number): number[] =>
      log.slice(low, 7, maxBytes).map(({ index }) => index);
    expect(indexes(2, 1000)).toEqual([2, 3, 4, 5, 6]);
    expect(indexes(3, 12)).toEqual([3, 4, 5]);
    expect(indexes(3, 7)).toEqual([3, 4]);
    expect(indexes(6, 0)).toEqual([6]);
  });

  it('an old short append cuts nothing off', () => {
    const { log } = startedLog(5);
    expect(log.tryAppend(1, 1, [entry(2, 1)])).toBe(2);
    expect(log.lastIndex).toBe(5);
    expect(log.tryAppend(2, 1, [entry(3, 2)])).toBe(3);
    expect(log.lastIndex).toBe(3);
    expect(log.tryAppend(3, 1, [])).toBeUndefined();
  });

  it('a snapshot replaces the log, and writes under way promise nothing', () => {
    const { log, begin } = startedLog(2);
    log.append([entry(3, 1), entry(4, 1)]);
    const old = begin();
    log.restore({ metadata: { index: 3, term: 2, confState: conf }, data: new Uint8Array() });
    log.append([entry(4, 2)]);
    const install = begin();
    old.end();
    expect([log.durableIndex, log.snapshotPending, log.lastIndex]).toEqual([3, true, 4]);
    install.end();
    expect([log.durableIndex, log.snapshotPending, log.applied]).toEqual([4, false, 3]);
  });

  it('refuses to lose what is committed', () => {
    const { log } = startedLog(3);
    log.commitTo(3);
    expect(() => log.append([entry(3, 2)])).toThrow('would replace a committed one');
    expect(() => log.commitTo(9)).toThrow('data lost');
    expect(() => new RaftLog(new MemoryLog(conf), 7, 1)).toThrow("beyond the log's end");
  });
});
