import { describe, expect, test } from 'vitest';
import { BrokenPromise, type Operation } from '#shared/checks';
import type { Event } from '#shared/mvcc';
import { AcknowledgedKept } from './acknowledged-kept.ts';
import { AnswerCheck } from './answers.ts';
import { Past } from './past.ts';
import { type AppliedEntry, StateLog } from './state-log.ts';
import { put } from './testing.ts';
import { VotesKept } from './votes-kept.ts';
import { checkWritten } from './written.ts';

function entry(index: number, revision: number, ...events: Event[]): AppliedEntry {
  return {
    index,
    term: 1,
    operation: undefined,
    error: undefined,
    revision,
    events,
    rest: '',
    atMs: 0,
  };
}

function history(): StateLog {
  const log = new StateLog(2);
  log.applied('m1', entry(2, 1));
  log.applied('m1', entry(3, 2, put('a', 'x', 2)));
  log.applied('m1', entry(4, 3, put('b', 'y', 3)));
  return log;
}

const answersOf = (log: StateLog): AnswerCheck => new AnswerCheck(log, new Past(log));

describe('votes kept', () => {
  test('a second vote in a term', () => {
    const checker = new VotesKept();
    checker.voted(1, 2, 3);
    checker.voted(1, 2, 3);
    expect(() => checker.voted(1, 2, 1)).toThrow(BrokenPromise);
  });

  test('a vote or a term that a crash took back', () => {
    const checker = new VotesKept();
    checker.voted(1, 4, 3);
    checker.restarted(1, { term: 4, vote: 3, commit: 0 });
    expect(() => checker.restarted(1, { term: 4, vote: 0, commit: 0 })).toThrow(BrokenPromise);
    expect(() => checker.restarted(1, { term: 3, vote: 0, commit: 0 })).toThrow(BrokenPromise);
  });
});

describe('acknowledged entries kept', () => {
  const logTo = (lastIndex: number, term = 1) => ({
    compactedIndex: () => 0,
    lastIndex: () => lastIndex,
    term: (index: number) => (index <= lastIndex ? term : undefined),
  });

  test('acknowledged what the leader has not', () => {
    const checker = new AcknowledgedKept();
    checker.acknowledges(1, 5, logTo(5), 1);
    expect(() => checker.acknowledges(1, 5, logTo(5), 2)).toThrow(BrokenPromise);
  });

  test('of what was written at once, the last is there', () => {
    const state = (term: number) => ({ hardState: { term, vote: 1, commit: 0 } });
    const log = { ...logTo(5), initialState: () => state(2) };
    const entry = (index: number, term: number) => ({
      index,
      term,
      type: 'normal' as const,
      data: Buffer.of(),
    });
    const older = { ...state(1), entries: [entry(5, 3), entry(6, 3)] };
    checkWritten(1, [older, { ...state(2), entries: [entry(5, 1)] }], log);
    const wrong = [
      { ...state(3), entries: [] },
      { entries: [entry(4, 1)] },
      { entries: [entry(5, 2)] },
    ];
    for (const write of wrong) expect(() => checkWritten(1, [write], log)).toThrow(BrokenPromise);
  });

  test('acknowledged before it is durable', () => {
    expect(() => new AcknowledgedKept().acknowledges(1, 6, logTo(5))).toThrow(BrokenPromise);
  });

  test('applied before it is durable, or another one than that', () => {
    const checker = new AcknowledgedKept();
    checker.applies(1, 5, 1, logTo(5));
    expect(() => checker.applies(1, 6, 1, logTo(5))).toThrow(BrokenPromise);
    expect(() => checker.applies(1, 5, 2, logTo(5))).toThrow(BrokenPromise);
  });

  test('what is on the disk ends sooner, or is damaged', () => {
    const checker = new AcknowledgedKept();
    checker.recovers(1, logTo(5), () => logTo(6));
    expect(() => checker.recovers(1, logTo(5), () => logTo(4))).toThrow(BrokenPromise);
    const damaged = () => {
      throw new Error('a segment is missing');
    };
    expect(() => checker.recovers(1, logTo(5), damaged)).toThrow('could not come back');
  });

  test('what is being replaced may be there in either form', () => {
    const checker = new AcknowledgedKept();
    const newer = { ...logTo(5), term: (index: number) => (index === 5 ? 2 : 1) };
    checker.writes(1, 5, logTo(5));
    checker.recovers(1, logTo(5), () => newer);
    expect(() => checker.recovers(1, logTo(5), () => logTo(3))).toThrow(BrokenPromise);
    checker.written(1);
    expect(() => checker.recovers(1, logTo(5), () => newer)).toThrow(BrokenPromise);
  });

  test('lost, or replaced, in a crash; but not by a newer leader', () => {
    const checker = new AcknowledgedKept();
    checker.acknowledges(1, 5, logTo(5));
    checker.restarted(1, logTo(5));
    expect(() => checker.restarted(1, logTo(4))).toThrow(BrokenPromise);
    expect(() => checker.restarted(1, logTo(5, 2))).toThrow(BrokenPromise);
    checker.writes(1, 4, logTo(5));
    checker.restarted(1, logTo(4));
  });
});

describe('state-machine equality', () => {
  test('two outcomes of one entry', () => {
    const log = history();
    log.applied('m2', entry(3, 2, put('a', 'x', 2)));
    expect(() => log.applied('m2', entry(4, 3, put('b', 'z', 3)))).toThrow(BrokenPromise);
  });

  test('an entry left out', () => {
    expect(() => history().applied('m1', entry(6, 3))).toThrow(BrokenPromise);
  });

  test('a state that comes back other than it was', () => {
    const log = history();
    const { kvs, ...contents } = log.contentsAt(3);
    log.restored('m2', 3, { kvs, ...contents });
    expect(() => log.restored('m2', 3, { ...contents, kvs: [] })).toThrow(BrokenPromise);
    expect(() => log.restored('m2', 9, { kvs, ...contents })).toThrow(BrokenPromise);
  });
});

describe('revision monotonicity', () => {
  test.each([
    ['again', entry(5, 3, put('a', 'z', 3))],
    ['with a gap', entry(5, 5, put('a', 'z', 5))],
    ['back', entry(5, 2)],
    ['for nothing', entry(5, 4)],
    ['of another number', entry(5, 4, put('a', 'z', 5))],
  ])('a revision used %s', (_how, next) => {
    expect(() => history().applied('m1', next)).toThrow(BrokenPromise);
  });
});

describe('answers', () => {
  const ok = (operation: Partial<Operation>): Operation => ({
    client: 1,
    call: { type: 'put', key: 'a', value: 'x' },
    invokedMs: 0,
    returnedMs: 1,
    outcome: 'ok',
    answer: { revision: 2 },
    ...operation,
  });
  const read = (answer: Operation['answer']): Operation =>
    ok({ call: { type: 'range', key: 'a' }, invokedMs: 5, returnedMs: 6, answer });
  const a2 = { key: 'a', value: 'x', create: 2, mod: 2, version: 1, lease: '0' };
  const judge = (...operations: Operation[]): void => answersOf(history()).run(operations);

  test('true ones', () => {
    judge(ok({}), read({ revision: 3, kvs: [a2] }));
    judge(ok({ outcome: 'unknown', call: { type: 'put', key: 'a', value: 'lost' } }));
  });

  test.each([
    ['acknowledged and not there', [ok({ call: { type: 'put', key: 'a', value: 'lost' } })]],
    ['acknowledged at another revision', [ok({ answer: { revision: 3 } })]],
    ['refused, and there', [ok({ outcome: 'failed', error: 'no' })]],
    ['a read that misses something', [read({ revision: 3, kvs: [] })]],
    [
      'a read from before what was told',
      [ok({ answer: { revision: 2 } }), read({ revision: 1, kvs: [] })],
    ],
    [
      'a deletion that was none',
      [ok({ call: { type: 'delete', key: 'a' }, answer: { revision: 3, deleted: 1 } })],
    ],
  ])('%s', (_what, operations) => {
    expect(() => judge(...operations)).toThrow(BrokenPromise);
  });

  test('a write that took effect twice', () => {
    const log = history();
    log.applied('m1', entry(5, 4, put('a', 'x', 4)));
    expect(() => answersOf(log).run([ok({})])).toThrow(BrokenPromise);
  });
});
