import { describe, expect, test } from 'vitest';
import type { Watch, WatchedEvent, WatchMessage } from './history.ts';
import { BrokenPromise } from './raft/broken-promise.ts';
import { checkResumed, WatchCheck } from './watch.ts';

const put = (key: string, mod: number): WatchedEvent => ({
  type: 'put',
  kv: { key, value: `${key}${mod}`, create: mod, mod, version: 1, lease: '0' },
});

/** Revision 4 is a transaction, 5 is none of the watch's business. */
const truth = new Map([
  [2, [put('a', 2)]],
  [3, [put('b', 3)]],
  [4, [put('a', 4), put('b', 4)]],
  [5, [put('z', 5)]],
  [6, [put('a', 6)]],
]);
const log = { events: (revision: number) => truth.get(revision) };

const events = (revision: number, ...list: WatchedEvent[]): WatchMessage => ({
  type: 'events',
  atMs: 0,
  revision,
  events: list,
});
const progress = (revision: number): WatchMessage => ({ type: 'progress', atMs: 0, revision });
const watch = (...messages: WatchMessage[]): Watch => ({
  client: 1,
  key: 'a',
  rangeEnd: 'c',
  startRevision: 2,
  messages,
});
const judge = (...messages: WatchMessage[]): number =>
  new WatchCheck(watch(...messages), log).run();

describe('a watch', () => {
  test('ends for a compaction only where it still needed what is gone', () => {
    const ended = (compactRevision?: number): WatchMessage => {
      return { type: 'ended', atMs: 0, error: 'gone', compactRevision };
    };
    const first = events(3, put('a', 2), put('b', 3));
    expect(judge(first, ended(5))).toBe(3);
    expect(judge(first, ended())).toBe(3);
    expect(() => judge(first, ended(4))).toThrow(/needs nothing before 4/);
  });

  test('that heard everything is fine', () => {
    const all = [events(3, put('a', 2), put('b', 3)), events(4, put('a', 4), put('b', 4))];
    expect(judge(...all)).toBe(4);
    expect(judge(...all, progress(5), events(6, put('a', 6)))).toBe(6);
    const created: WatchMessage = { type: 'created', atMs: 0, revision: 3 };
    const late: Watch = {
      ...watch(created, events(4, put('a', 4), put('b', 4))),
      startRevision: 0,
    };
    expect(new WatchCheck(late, log).run()).toBe(4);
  });

  test.each([
    ['out of order', [events(3, put('b', 3)), events(3, put('a', 2))]],
    ['twice', [events(2, put('a', 2)), events(2, put('a', 2))]],
    ['with a gap', [events(2, put('a', 2)), events(4, put('a', 4), put('b', 4))]],
    ['without its beginning', [events(3, put('b', 3))]],
    [
      'a revision in parts',
      [events(3, put('a', 2), put('b', 3)), events(4, put('a', 4)), events(4, put('b', 4))],
    ],
    ['half a revision', [events(3, put('a', 2), put('b', 3)), events(4, put('a', 4))]],
    ['what never was', [events(2, put('a', 2), put('b', 7))]],
    ['another value', [events(2, { ...put('a', 2), kv: { ...put('a', 2).kv, value: 'x' } })]],
    ['a mark too early', [events(2, put('a', 2)), progress(3)]],
    ['something older than a mark', [events(4, put('a', 2)), progress(2), events(2, put('a', 2))]],
  ])('that hears %s is not', (_what, messages) => {
    expect(() => judge(...messages)).toThrow(BrokenPromise);
  });

  test('that stays behind, or resumes too late, is not', () => {
    const heard = watch(events(2, put('a', 2)));
    expect(() => WatchCheck.caughtUp(heard, log, 3)).toThrow(BrokenPromise);
    WatchCheck.caughtUp(heard, log, 2);
    checkResumed(heard, { ...watch(), startRevision: 3 }, log);
    expect(() => checkResumed(heard, { ...watch(), startRevision: 4 }, log)).toThrow(BrokenPromise);
  });
});

describe('what an event replaced', () => {
  const replaced = put('a', 4).kv;
  const after: WatchedEvent = {
    type: 'put',
    kv: { ...put('a', 6).kv, create: 4, version: 2 },
  };
  const whole = {
    events: (revision: number) =>
      revision === 6 ? [{ ...after, prevKv: replaced }] : truth.get(revision),
    compactedAt: () => 2,
  };
  const told = (event: WatchedEvent, prevKv = true): number =>
    new WatchCheck({ ...watch(events(6, event)), startRevision: 6, prevKv }, whole).run();

  test('is told as it was, where it is asked for', () => {
    expect(told({ ...after, prevKv: replaced })).toBe(6);
    expect(told(after, false)).toBe(6);
    expect(() => told(after)).toThrow(BrokenPromise);
    expect(() => told({ ...after, prevKv: put('a', 2).kv })).toThrow(BrokenPromise);
    expect(() => told({ ...after, prevKv: replaced }, false)).toThrow(BrokenPromise);
  });

  test('is nothing for a put that makes its key, though the same revision deleted it', () => {
    const anew = put('a', 6);
    const moved = { ...whole, events: () => [{ ...anew, prevKv: replaced }] };
    const silent: Watch = { ...watch(events(6, anew)), startRevision: 6, prevKv: true };
    expect(new WatchCheck(silent, moved).run()).toBe(6);
  });

  test('may be compacted away by then, but not by a compaction that it could be read after', () => {
    const silent: Watch = { ...watch(events(6, after)), startRevision: 6, prevKv: true };
    const check = (revision: number, fromMs: number): number =>
      new WatchCheck(silent, {
        ...whole,
        compactedAt: (atMs) => (atMs >= fromMs ? revision : 0),
      }).run();
    expect(check(6, 0)).toBe(6);
    expect(() => check(5, 0)).toThrow(BrokenPromise);
    expect(() => check(6, Infinity)).toThrow(BrokenPromise);
  });
});
