import { describe, expect, test } from 'vitest';
import type { Operation } from '#shared/checks';
import { Mvcc } from '#shared/mvcc';
import { LeaseBook } from '../clients/leases.ts';
import type { Query } from '../clients/queries.ts';
import { checkAttachments } from './attachments.ts';
import { checkLeases } from './leases.ts';
import { Past } from './past.ts';
import { QueryCheck } from './queries.ts';
import { RefusalCheck } from './refusals.ts';
import { type AppliedEntry, StateLog } from './state-log.ts';
import { put } from './testing.ts';

/** A lease that lives from 100 to 900 ms with key "a", a second key, and a compaction at 500 ms. */
function history(): StateLog {
  const log = new StateLog(2);
  const entries: Partial<AppliedEntry>[] = [
    { operation: { type: 'lease-grant', id: 7n, ttlSeconds: 2 }, atMs: 100 } as never,
    { revision: 2, events: [put('a', 'x', 2, 7n)], atMs: 200 },
    { revision: 3, events: [put('b', 'y', 3)], atMs: 300 },
    { revision: 3, operation: { type: 'compact', revision: 2 }, atMs: 500 } as never,
    {
      revision: 4,
      operation: { type: 'lease-revoke', id: 7n },
      events: [{ type: 'delete', kv: { ...put('a', '', 4).kv } }],
      atMs: 900,
    } as never,
  ];
  const empty = {
    term: 1,
    operation: undefined,
    error: undefined,
    revision: 1,
    events: [],
    rest: '',
  };
  entries.forEach((entry, i) => log.applied('m1', { ...empty, index: 2 + i, atMs: 0, ...entry }));
  return log;
}

const log = history();
const past = new Past(log);

describe('queries', () => {
  const kv = (key: string, mod: number, lease: bigint) => ({
    key,
    value: Buffer.from(key === 'a' ? 'x' : 'y'),
    createRevision: mod,
    modRevision: mod,
    version: 1,
    lease,
  });
  const both = [kv('b', 3, 0n), kv('a', 2, 7n)];
  const descending: Query = {
    who: 'somebody',
    fromMs: 400,
    revision: 3,
    type: 'range',
    request: { key: '\0', rangeEnd: '\0', sortTarget: 'mod', sortOrder: 'descend' },
    result: { kvs: both, more: false, count: 2 },
  };
  const check = (query: Query): void => new QueryCheck(past).run([query]);

  test('a true one, in its order', () => check(descending));

  test.each([
    ['another order', { kvs: both.toReversed(), more: false, count: 2 }],
    ['a key too few', { kvs: both.slice(1), more: false, count: 2 }],
    ['a wrong count', { kvs: both, more: false, count: 3 }],
    ['more, where there is none', { kvs: both, more: true, count: 2 }],
  ])('%s', (_what, result) => {
    expect(() => check({ ...descending, result })).toThrow(/asked/);
  });

  test('an old one', () => {
    const late = { ...descending, fromMs: 899 };
    check(late);
    expect(() => check({ ...late, fromMs: 900 })).toThrow(/at 900 ms, which had 4/);
  });

  test('a condition holds for every key of its range', () => {
    const compare = [
      { key: 'a', rangeEnd: 'c', target: 'mod', result: 'greater', revision: 2 },
    ] as const;
    const ask = (succeeded: boolean, revision: number): void =>
      check({
        who: 'somebody',
        fromMs: 400,
        revision,
        type: 'txn',
        request: { compare, success: [], failure: [] },
        result: { succeeded, responses: [] },
      });
    ask(false, 3);
    ask(true, 4);
    expect(() => ask(true, 3)).toThrow(/conditions are false/);
  });
});

describe('refusals', () => {
  const refused = (call: Operation['call'], error: string, invokedMs = 600): void =>
    new RefusalCheck(log, past).run([
      { client: 1, call, invokedMs, returnedMs: invokedMs + 50, outcome: 'failed', error },
    ]);
  const compacted = 'etcdserver: mvcc: required revision has been compacted';
  const future = 'etcdserver: mvcc: required revision is a future revision';
  const noLease = 'etcdserver: requested lease not found';

  test('for a reason', () => {
    refused({ type: 'range', key: 'a', revision: 1 }, compacted);
    refused({ type: 'range', key: 'a', revision: 9 }, future);
    refused({ type: 'put', key: 'a', value: 'z', lease: '7' }, noLease, 870);
    refused({ type: 'put', key: 'a', value: 'z', lease: '8' }, noLease);
    refused({ type: 'put', key: 'a', value: 'z' }, 'etcdserver: too many requests');
  });

  test.each([
    ['what the compaction names', { type: 'range', key: 'a', revision: 2 }, compacted],
    ['a revision that there is', { type: 'range', key: 'a', revision: 3 }, future],
    ['a lease that lives', { type: 'put', key: 'a', value: 'z', lease: '7' }, noLease],
  ] as const)('%s', (_what, call, error) => {
    expect(() => refused(call, error)).toThrow(/was refused/);
  });

  test('a second compaction of the same', () => {
    const twice = history();
    const again = { type: 'compact', revision: 2 } as const;
    const entry = { term: 1, error: undefined, revision: 4, events: [], rest: '', atMs: 950 };
    twice.applied('m1', { ...entry, index: 7, operation: again });
    expect(() => new RefusalCheck(twice, new Past(twice))).toThrow(/2 is compacted/);
  });
});

describe('time left', () => {
  const told = (fromMs: number, ttlSeconds: number, keys: readonly string[] = ['a']): void => {
    const book = new LeaseBook();
    book.granted(7n, 2, 50, 60);
    book.revoking(7n);
    const grantedSeconds = ttlSeconds < 0 ? 0 : 2;
    book.told({ id: 7n, fromMs, toMs: fromMs + 20, ttlSeconds, grantedSeconds, keys });
    checkLeases(book, log, past);
  };

  test('of a lease that lives, and of one that has ended', () => {
    told(400, 1);
    told(1000, -1, []);
  });

  test('wrong', () => {
    expect(() => told(400, -1, [])).toThrow(/it lived/);
    expect(() => told(1000, 1)).toThrow(/it lived from 100 to 900/);
    expect(() => told(400, 1, ['a', 'b'])).toThrow(/but it had \[a\]/);
  });
});

test('of the time of a lease, no more is left than has not passed', () => {
  const log = new StateLog(2);
  const grant = { type: 'lease-grant', id: 7n, ttlSeconds: 60 };
  const entry = { error: undefined, revision: 1, events: [], rest: '' };
  log.applied('m1', { ...entry, index: 2, term: 1, atMs: 0, operation: grant as never });
  log.applied('m1', { ...entry, index: 3, term: 2, atMs: 50_000, operation: undefined });
  const told = (fromMs: number, ttlSeconds: number, renewedMs?: number): void => {
    const book = new LeaseBook();
    book.granted(7n, 60, 0, 10);
    const answered = book.renewing(7n);
    if (renewedMs !== undefined) answered(renewedMs);
    book.told({ id: 7n, fromMs, toMs: fromMs, ttlSeconds, grantedSeconds: 60, keys: [] });
    checkLeases(book, log, new Past(log));
  };
  told(40_000, 20, 1000);
  told(40_000, 59, 38_000);
  told(40_000, 59);
  told(55_000, 59, 1000);
  expect(() => told(40_000, 59, 1000)).toThrow(/nobody has renewed it since 8000 ms/);
  expect(() => told(40_000, 59, 10_000)).toThrow(/nobody has renewed it since 13000 ms/);
  expect(() => told(90_000, 59, 1000)).toThrow(/nobody has renewed it since 58000 ms/);
});

test('of the time of a lease, no more is left under the next leader than the last one said', () => {
  const log = new StateLog(2);
  const entry = { error: undefined, revision: 1, events: [], rest: '' };
  const grant = { type: 'lease-grant', id: 7n, ttlSeconds: 60 };
  const checkpoint = {
    type: 'lease-checkpoint',
    checkpoints: [{ id: 7n, remainingSeconds: 20 }],
  };
  log.applied('m1', { ...entry, index: 2, term: 1, atMs: 0, operation: grant as never });
  log.applied('m1', { ...entry, index: 3, term: 1, atMs: 45_000, operation: checkpoint as never });
  log.applied('m1', { ...entry, index: 4, term: 2, atMs: 50_000, operation: undefined });
  const told = (ttlSeconds: number, renewedMs: number): void => {
    const book = new LeaseBook();
    book.granted(7n, 60, 0, 10);
    book.renewing(7n)(renewedMs);
    book.told({ id: 7n, fromMs: 55_000, toMs: 55_000, ttlSeconds, grantedSeconds: 60, keys: [] });
    checkLeases(book, log, new Past(log));
  };
  told(21, 1000);
  told(59, 46_000);
  expect(() => told(59, 1000)).toThrow(/20 s were left at 45000 ms/);
});

test('a lease has the keys that name it', () => {
  const records = new Map<string, readonly [Uint8Array, Uint8Array]>();
  const text = (key: Uint8Array): string => Buffer.from(key).toString('hex');
  const mvcc = new Mvcc({
    get: (key) => records.get(text(key))?.[1],
    scan: () => [...records.values()],
    put: (key, value) => void records.set(text(key), [key, value]),
    delete: (key) => void records.delete(text(key)),
  });
  mvcc.leaseGrant(7n, 2);
  mvcc.put({ key: 'a', value: Buffer.from('x'), lease: 7n });
  mvcc.put({ key: 'b', value: Buffer.from('x') });
  checkAttachments('m1', mvcc);
  mvcc.leases.attach(7n, 'b');
  expect(() => checkAttachments('m1', mvcc)).toThrow(
    /\[a,b\], of keys that name it there are \[a\]/,
  );
});
