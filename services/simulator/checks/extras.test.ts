import { describe, expect, test } from 'vitest';
import { BrokenPromise, type Operation as Asked } from '#shared/checks';
import type { PutRequest, TxnRequest } from '#shared/mvcc';
import type { AuthChange, Operation } from '#services/store';
import type { Span } from '../clients/queries.ts';
import type { Access, Attempt } from '../clients/recorder.ts';
import { checkAlarms } from './alarms.ts';
import { checkAttempts } from './attempts.ts';
import { checkAutoCompaction } from './auto-compaction.ts';
import { type Done, ModelCheck } from './model/check.ts';
import { Past } from './past.ts';
import { PermissionCheck } from './permissions.ts';
import { type AppliedEntry, StateLog } from './state-log.ts';
import { put } from './testing.ts';

const putting = (key: string, text: string, more: Partial<PutRequest> = {}): PutRequest => ({
  key,
  value: Buffer.from(text),
  ...more,
});

function done(check: ModelCheck, operation: Operation, more: Partial<Done> = {}): Done {
  const rest = check.model.describe();
  return { index: 2, operation, error: undefined, result: {}, events: [], rest, ...more };
}

describe('the model', () => {
  const write = { type: 'put', put: putting('a', 'x') } as const;

  test('agrees with what is right', () => {
    const check = new ModelCheck([]);
    check.applied(done(check, write, { events: [put('a', 'x', 2)] }));
    expect(check.model.revision).toBe(2);
  });

  test('objects to another change, answer, refusal, or none', () => {
    const wrong: Partial<Done>[] = [
      { events: [put('a', 'y', 2)] },
      { events: [put('a', 'x', 2)], result: { prevKv: put('a', 'y', 1).kv } },
      { error: 'etcdserver: permission denied' },
      { events: [put('a', 'x', 2)], rest: 'alarms' },
    ];
    for (const more of wrong) {
      const check = new ModelCheck([]);
      expect(() => check.applied(done(check, write, more))).toThrow(BrokenPromise);
    }
  });

  test('refuses what is not allowed: by a permission, an old table, an alarm', () => {
    const check = new ModelCheck([]);
    const { model } = check;
    const change = (each: AuthChange): unknown => model.apply({ type: 'auth', change: each }, 2);
    change({ action: 'user-add', user: 'root', passwordHash: 'x' });
    change({ action: 'user-grant-role', user: 'root', role: 'root' });
    change({ action: 'user-add', user: 'ann', passwordHash: 'x' });
    change({ action: 'role-add', role: 'r' });
    const permission = { type: 'write', key: 'a', rangeEnd: 'c' } as const;
    change({ action: 'role-grant-permission', role: 'r', permission });
    change({ action: 'user-grant-role', user: 'ann', role: 'r' });
    change({ action: 'enable' });
    const as = (key: string, authRevision: number, more = {}) =>
      model.apply(
        { type: 'put', put: putting(key, 'x', more), caller: { user: 'ann', authRevision } },
        2,
      ).error;
    expect(as('b', 7)).toBeUndefined();
    expect(as('c', 7)).toBe('etcdserver: permission denied');
    expect(as('b', 7, { prevKv: true })).toBe('etcdserver: permission denied');
    expect(as('b', 6)).toBe('etcdserver: revision of auth store is old');
    const alarm = { memberId: 1n, alarm: 'nospace', automatic: true } as const;
    model.apply({ type: 'alarm', raise: true, alarm }, 3);
    expect(as('b', 7)).toBe('etcdserver: mvcc: database space exceeded');
  });
});

describe('transactions', () => {
  const txn = (...puts: PutRequest[]): TxnRequest => ({
    compare: [],
    success: puts.map((each) => ({ type: 'put', put: each })),
    failure: [],
  });
  const result: NonNullable<Attempt['result']> = {
    succeeded: true,
    responses: [{ type: 'put', revision: 2, put: {} }],
  };
  const judge = (attempt: Omit<Attempt, 'who'>): void => {
    const check = new ModelCheck([]);
    const operation = { type: 'txn', txn: txn(putting('a', 'x')) } as const;
    check.applied(done(check, operation, { events: [put('a', 'x', 2)], result }));
    checkAttempts([{ who: 'somebody', ...attempt }], check);
  };

  test('what is asked is what is done', () => {
    judge({ request: txn(putting('a', 'x')), revision: 2, result });
    expect(() => judge({ request: txn(putting('a', 'y')), revision: 2, result })).toThrow(
      'made by',
    );
    const other = { ...result, responses: [] };
    expect(() =>
      judge({ request: txn(putting('a', 'x')), revision: 2, result: other }),
    ).not.toThrow();
  });

  test('what cannot be is refused, and nothing else', () => {
    const twice = txn(putting('a', 'x'), putting('a', 'y'));
    const error = 'etcdserver: duplicate key given in txn request';
    judge({ request: twice, error });
    expect(() => judge({ request: twice, revision: 2, result })).toThrow('to be refused');
    expect(() => judge({ request: txn(putting('a', 'x')), error })).toThrow('nothing is wrong');
  });
});

function logOf(...entries: Partial<AppliedEntry>[]): StateLog {
  const log = new StateLog(2);
  const empty = { term: 1, operation: undefined, error: undefined, events: [], rest: '', atMs: 0 };
  entries.forEach((entry, i) =>
    log.applied('m1', { revision: 1, ...empty, index: 2 + i, ...entry }),
  );
  return log;
}

test('permissions: nobody reads what they may not, or with a token that has ended', () => {
  const auth = (change: AuthChange, atMs: number): Partial<AppliedEntry> => ({
    operation: { type: 'auth', change },
    atMs,
  });
  const log = logOf(
    auth({ action: 'user-add', user: 'root', passwordHash: 'x' }, 1),
    auth({ action: 'user-grant-role', user: 'root', role: 'root' }, 1),
    auth({ action: 'user-add', user: 'ann', passwordHash: 'x' }, 1),
    auth({ action: 'enable' }, 10),
    auth({ action: 'authenticate', user: 'root', tokenPrefix: 'abc' }, 20),
    auth({ action: 'user-change-password', user: 'root', passwordHash: 'y' }, 50),
    auth({ action: 'role-add', role: 'r' }, 70),
    auth(
      {
        action: 'role-grant-permission',
        role: 'r',
        permission: { type: 'read', key: 'a', rangeEnd: '' },
      },
      70,
    ),
    auth({ action: 'user-grant-role', user: 'ann', role: 'r' }, 70),
    auth({ action: 'authenticate', user: 'ann', tokenPrefix: 'def' }, 70),
  );
  const read = (
    user: string,
    fromMs: number,
    told: 'all' | 'nothing',
    ...more: Span[]
  ): Access => ({
    user,
    token: user === 'root' ? 'abc.6' : 'def.11',
    endpoint: 'm1',
    asked: {},
    spans: [['a', undefined], ...more],
    serializable: false,
    fromMs,
    toMs: fromMs + 1,
    denied: told === 'nothing',
  });
  const judge = (access: Access): void => new PermissionCheck(log).run([access]);
  judge(read('ann', 5, 'all'));
  judge(read('ann', 30, 'nothing'));
  judge(read('root', 30, 'all'));
  expect(() => judge(read('ann', 30, 'all'))).toThrow(BrokenPromise);
  expect(() => judge(read('root', 30, 'nothing'))).toThrow(BrokenPromise);
  expect(() => judge(read('root', 60, 'all'))).toThrow(BrokenPromise);
  // Who may read some of it may not read all.
  judge(read('ann', 80, 'all'));
  judge(read('ann', 80, 'nothing', ['b', undefined]));
  expect(() => judge(read('ann', 80, 'all', ['b', undefined]))).toThrow(BrokenPromise);
});

describe('permissions: of a lease with a key', () => {
  const auth = (change: AuthChange): Partial<AppliedEntry> => ({
    operation: { type: 'auth', change },
    atMs: 1,
    revision: 1,
  });
  const log = logOf(
    auth({ action: 'user-add', user: 'root', passwordHash: 'x' }),
    auth({ action: 'user-grant-role', user: 'root', role: 'root' }),
    auth({ action: 'user-add', user: 'ann', passwordHash: 'x' }),
    auth({ action: 'enable' }),
    { revision: 2, events: [put('a', 'x', 2, 7n)], atMs: 20 },
  );

  test('its name is told to whoever may read it', () => {
    const judge = (user: string, fromMs: number, denied: boolean): void => {
      const read = { user, lease: 7n, fromMs, toMs: fromMs + 5, denied };
      new PermissionCheck(log).leases([read], new Past(log));
    };
    judge('root', 30, false);
    judge('ann', 30, true);
    judge('ann', 10, false);
    judge('ann', 18, false);
    expect(() => judge('ann', 30, false)).toThrow('ann asked for the keys of lease 7');
    expect(() => judge('root', 30, true)).toThrow('was refused');
  });

  test('its time is begun anew by whoever may write it, as far as their member knows', () => {
    const judge = (user: string, revision: number, denied: boolean, enabled = true): void => {
      const known = { enabled, authRevision: 4, revision };
      new PermissionCheck(log).renewals(
        [{ user, lease: 7n, atMs: 30, ...known, denied }],
        new Past(log),
      );
    };
    judge('root', 2, false);
    judge('ann', 2, true);
    judge('ann', 1, false);
    judge('ann', 2, false, false);
    expect(() => judge('ann', 2, false)).toThrow('ann asked to renew lease 7 of [a]');
    expect(() => judge('root', 2, true)).toThrow('was refused');
  });
});

test('what is compacted by itself is older than what is to be kept', () => {
  const compact = { revision: 3, operation: { type: 'compact', revision: 2 } } as const;
  const log = (atMs: number): StateLog =>
    logOf(
      { revision: 2, events: [put('a', 'x', 2)], atMs: 100 },
      { revision: 3, events: [put('a', 'y', 3)], atMs: 200 },
      { ...compact, atMs },
    );
  const check = (atMs: number, ...asked: Asked[]): void => {
    const states = log(atMs);
    checkAutoCompaction(states, new Past(states), asked, 1100);
  };
  check(1150);
  const call = { type: 'compact', revision: 2 } as const;
  check(300, { client: 1, call, invokedMs: 250, outcome: 'ok' });
  expect(() => check(1000)).toThrow('compacts 2 at 1000 ms');
});

test('alarms: no space where there is, more than there is, and corruption', () => {
  const raised = (alarm: 'nospace' | 'corrupt'): Partial<AppliedEntry> => ({
    operation: { type: 'alarm', raise: true, alarm: { memberId: 1n, alarm, automatic: true } },
  });
  checkAlarms(logOf(raised('nospace')), 20_000);
  expect(() => checkAlarms(logOf(raised('nospace')), 1_000_000)).toThrow('no space');
  expect(() => checkAlarms(logOf(raised('corrupt')))).toThrow('corrupt');
  const much = { revision: 2, events: [put('a', 'x'.repeat(300_000), 2)] };
  expect(() => checkAlarms(logOf(much), 20_000)).toThrow('kept');
});
