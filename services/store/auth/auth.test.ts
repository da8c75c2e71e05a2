import { beforeEach, describe, expect, test } from 'vitest';
import { createRng, QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { trusted } from './caller.ts';
import { type AuthChange, AuthTable } from './auth-table.ts';
import { Authority } from './authority.ts';
import { SimpleTokens } from './simple-tokens.ts';
import { parseTokenOptions } from './token-options.ts';

class Metas {
  readonly #values = new Map<string, string>();
  putMeta(name: string, value: unknown): void {
    this.#values.set(name, JSON.stringify(value));
  }
  getMeta(name: string): unknown {
    const text = this.#values.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }
}

const passwordHash = 'x';
let metas: Metas;
let table: AuthTable;
beforeEach(() => {
  metas = new Metas();
  table = new AuthTable(metas);
});

const apply = (...changes: AuthChange[]): void => {
  for (const change of changes) table.apply(change);
};
const withRoot: AuthChange[] = [
  { action: 'user-add', user: 'root', passwordHash },
  { action: 'role-add', role: 'root' },
  { action: 'user-grant-role', user: 'root', role: 'root' },
];
const grant = (key: string, rangeEnd: string, type: 'read' | 'write'): AuthChange => ({
  action: 'role-grant-permission',
  role: 'r',
  permission: { type, key, rangeEnd },
});

describe('the table', () => {
  test('cannot be enabled before root can undo it', () => {
    const enable: AuthChange = { action: 'enable' };
    expect(() => apply(enable)).toThrow('root user does not exist');
    apply({ action: 'user-add', user: 'root', passwordHash });
    expect(() => apply(enable)).toThrow('root user does not have root role');
    apply(...withRoot.slice(1), enable);
    expect(table.enabled).toBe(true);
    for (const change of [
      { action: 'user-delete', user: 'root' },
      { action: 'role-delete', role: 'root' },
      { action: 'user-revoke-role', user: 'root', role: 'root' },
    ] as const) {
      expect(() => apply(change)).toThrow('invalid auth management');
    }
  });

  test('counts changes, and comes back as it was', () => {
    apply(...withRoot, { action: 'role-add', role: 'r' }, grant('a', 'b', 'read'));
    expect(table.revision).toBe(6);
    apply({ action: 'enable' });
    expect(table.revision).toBe(6);
    apply({ action: 'user-grant-role', user: 'root', role: 'root' });
    expect(table.revision).toBe(6);
    const again = new AuthTable(metas);
    expect([again.enabled, again.revision, again.users, again.roles]).toEqual([
      true,
      6,
      ['root'],
      ['r', 'root'],
    ]);
    apply({ action: 'disable' });
    expect(table.revision).toBe(7);
  });

  test('a role that is deleted is nobody’s any more', () => {
    apply(...withRoot, { action: 'role-add', role: 'r' });
    apply({ action: 'user-grant-role', user: 'root', role: 'r' });
    apply({ action: 'role-delete', role: 'r' });
    expect(table.user('root')?.roles).toEqual(['root']);
  });
});

describe('who may do what', () => {
  let authority: Authority;
  const leaseKeys = new Map<bigint, string[]>();
  beforeEach(() => {
    authority = new Authority(table, (id) => leaseKeys.get(id));
    apply(
      ...withRoot,
      { action: 'user-add', user: 'u', passwordHash },
      { action: 'role-add', role: 'r' },
      { action: 'user-grant-role', user: 'u', role: 'r' },
      grant('a', 'c', 'read'),
      grant('a', '', 'write'),
      { action: 'enable' },
    );
  });
  const u = () => ({ user: 'u', authRevision: table.revision });
  const put = { key: 'a', value: new Uint8Array() };

  test('reads and writes by role', () => {
    authority.checkRead(u(), 'a', 'c');
    expect(() => authority.checkRead(u(), 'a', '\0')).toThrow('permission denied');
    expect(() => authority.checkWrite(u(), 'b')).toThrow('permission denied');
    authority.checkRead({ user: 'root', authRevision: table.revision }, '\0', '\0');
    authority.checkAdmin(trusted);
    expect(() => authority.checkAdmin(u())).toThrow('permission denied');
  });

  test('nobody, and whoever was recognized before a change, must ask again', () => {
    const before = u();
    apply({ action: 'role-add', role: 'other' });
    expect(() => authority.checkRead(before, 'a')).toThrow('revision of auth store is old');
    expect(() => authority.checkRead({ user: '', authRevision: 0 }, 'a')).toThrow(
      'user name is empty',
    );
  });

  test('a transaction is checked in both branches, at any depth, with what it would give away', () => {
    const check = (op: Parameters<Authority['checkTxn']>[1]['success'][number]) => () =>
      authority.checkTxn(u(), {
        compare: [],
        success: [],
        failure: [{ type: 'txn', txn: { compare: [], success: [op], failure: [] } }],
      });
    check({ type: 'put', put: { ...put, prevKv: true } })();
    expect(check({ type: 'put', put: { ...put, key: 'b' } })).toThrow('permission denied');
    expect(check({ type: 'range', range: { key: 'c' } })).toThrow('permission denied');
    leaseKeys.set(7n, ['b']);
    expect(check({ type: 'put', put: { ...put, lease: 7n } })).toThrow('permission denied');
    apply({
      action: 'role-revoke-permission',
      role: 'r',
      permission: { type: 'read', key: 'a', rangeEnd: 'c' },
    });
    expect(check({ type: 'put', put: { ...put, prevKv: true } })).toThrow('permission denied');
    check({ type: 'put', put })();
  });

  test('committed commands: leases by their keys, users and compaction by root', () => {
    leaseKeys.set(8n, ['a']).set(9n, ['a', 'b']);
    authority.checkOperation({ type: 'lease-revoke', id: 8n }, u());
    const refused = (operation: Parameters<Authority['checkOperation']>[0]): void =>
      expect(() => authority.checkOperation(operation, u())).toThrow('permission denied');
    refused({ type: 'lease-revoke', id: 9n });
    refused({ type: 'compact', revision: 5 });
    refused({ type: 'auth', change: { action: 'disable' } });
    authority.checkOperation({ type: 'lease-revoke', id: 9n }, trusted);
  });
});

describe('simple tokens', () => {
  const clock = new ManualClock();
  const rng = createRng(1);
  let applied = 10;
  const tokens = new SimpleTokens({
    clock,
    ttlSeconds: 300,
    randomInt: (max) => rng.int(max),
    appliedIndex: () => applied,
    caughtUp: async () => {
      applied = 20;
      tokens.assign('late.15', 'u');
    },
  });

  test('live as long as they are used, and end with their user', async () => {
    const token = await tokens.issue('u', 1, async (prefix) => {
      expect(prefix).toMatch(/^[a-zA-Z]{16}$/);
      tokens.assign(`${prefix}.9`, 'u');
      return `${prefix}.9`;
    });
    await clock.advance(299_000);
    expect(await tokens.recognize(token, 4)).toEqual({ user: 'u', authRevision: 4 });
    await clock.advance(299_000);
    expect(await tokens.recognize(token, 4)).toBeDefined();
    await clock.advance(301_000);
    expect(await tokens.recognize(token, 4)).toBeUndefined();
    tokens.assign('x.10', 'u');
    tokens.invalidate('u');
    expect(tokens.size).toBe(0);
  });

  test('one that was given out elsewhere is waited for', async () => {
    expect(await tokens.recognize('late.15', 1)).toEqual({ user: 'u', authRevision: 1 });
    for (const none of ['', 'x', 'x.y', 'x.1.2', 'x.9']) {
      expect(await tokens.recognize(none, 1)).toBeUndefined();
    }
  });
});

test('--auth-token says what is wrong with it', () => {
  expect(parseTokenOptions('simple', 7)).toEqual({ kind: 'simple', ttlSeconds: 7 });
  for (const bad of [
    '',
    'jwt',
    'jwt,sign-method=none',
    'jwt,sign-method=RS256',
    'jwt,ttl',
    'other',
    'jwt,sign-method=HS256,priv-key=/nonexistent',
  ]) {
    expect(() => parseTokenOptions(bad)).toThrow(QuorateError);
  }
});
