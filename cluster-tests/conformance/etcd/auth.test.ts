import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '#shared/lab';
import { differs } from './differences.ts';
import { type Answer, type Api, bytes, failure, Target } from './target.ts';

/*
 * The tests build on each other: users and roles are made while everybody may do everything, then
 * auth is enabled, and disabled at the end.
 */

const target = new Target();
let anybody: Api;
let root: Api;
let alice: Api;
beforeAll(async () => {
  await target.start();
  anybody = target.api(0);
});
afterAll(() => target.stop());

const auth = (api: Api, method: string, request: object = {}): Promise<Answer> =>
  api.call(`etcdserverpb.Auth/${method}`, request);
const grant = (api: Api, name: string, permType: string, key: string, rangeEnd = '') =>
  auth(api, 'RoleGrantPermission', {
    name,
    perm: { permType, key: bytes(key), range_end: bytes(rangeEnd) },
  });

async function tokenOf(name: string, password: string, member = 0): Promise<string> {
  const { token } = await auth(target.api(member), 'Authenticate', { name, password });
  return token as string;
}

async function permissionsOf(api: Api, role: string): Promise<string[]> {
  const { perm } = await auth(api, 'RoleGet', { role });
  return (perm as { permType: string; key: Buffer; range_end: Buffer }[]).map(
    ({ permType, key, range_end }) => `${permType} ${String(key)}-${String(range_end)}`,
  );
}

const denied = '7 etcdserver: permission denied';
const nobody = '3 etcdserver: user name is empty';

describe('before it is enabled', () => {
  test('users and roles are made, listed in order, and what is wrong is said', async () => {
    for (const name of ['root', 'bob', 'alice']) {
      await auth(anybody, 'UserAdd', { name, password: `${name}-pw` });
    }
    await auth(anybody, 'UserAdd', { name: 'certificate', options: { no_password: true } });
    expect((await auth(anybody, 'UserList'))['users']).toEqual([
      'alice',
      'bob',
      'certificate',
      'root',
    ]);
    for (const name of ['reader', 'other']) await auth(anybody, 'RoleAdd', { name });
    expect((await auth(anybody, 'RoleList'))['roles']).toEqual(['other', 'reader']);
    const refusals: [string, object, string][] = [
      ['UserAdd', { name: 'bob', password: 'x' }, '9 etcdserver: user name already exists'],
      ['UserAdd', { name: '', password: 'x' }, nobody],
      ['UserGet', { name: 'none' }, '9 etcdserver: user name not found'],
      ['UserDelete', { name: 'none' }, '9 etcdserver: user name not found'],
      ['UserChangePassword', { name: 'none', password: 'x' }, '9 etcdserver: user name not found'],
      ['UserGrantRole', { user: 'bob', role: 'none' }, '9 etcdserver: role name not found'],
      ['UserGrantRole', { user: 'none', role: 'other' }, '9 etcdserver: user name not found'],
      [
        'UserRevokeRole',
        { name: 'bob', role: 'other' },
        '9 etcdserver: role is not granted to the user',
      ],
      ['RoleAdd', { name: 'other' }, '9 etcdserver: role name already exists'],
      ['RoleAdd', { name: '' }, '3 etcdserver: role name is empty'],
      ['RoleGet', { role: 'none' }, '9 etcdserver: role name not found'],
      ['RoleDelete', { role: 'none' }, '9 etcdserver: role name not found'],
      [
        'RoleRevokePermission',
        { role: 'other', key: bytes('x') },
        '9 etcdserver: permission is not granted to the role',
      ],
      [
        'Authenticate',
        { name: 'bob', password: 'bob-pw' },
        '9 etcdserver: authentication is not enabled',
      ],
    ];
    for (const [method, request, expected] of refusals) {
      expect([method, await failure(auth(anybody, method, request))]).toEqual([method, expected]);
    }
  });

  test('permissions are kept by key, and granted again replaced', async () => {
    await grant(anybody, 'reader', 'READ', 'm', '\0');
    await grant(anybody, 'reader', 'WRITE', 'a', 'c');
    await grant(anybody, 'reader', 'READWRITE', 'k');
    await grant(anybody, 'reader', 'READ', 'a', 'c');
    expect(await permissionsOf(anybody, 'reader')).toEqual([
      'READ a-c',
      'READWRITE k-',
      'READ m-\0',
    ]);
    await auth(anybody, 'RoleRevokePermission', {
      role: 'reader',
      key: bytes('m'),
      range_end: bytes('\0'),
    });
    expect(await permissionsOf(anybody, 'reader')).toEqual(['READ a-c', 'READWRITE k-']);
  });

  test('it cannot be enabled before root could disable it', async () => {
    expect(await failure(auth(anybody, 'AuthEnable'))).toBe(
      '9 etcdserver: root user does not have root role',
    );
    await auth(anybody, 'RoleAdd', { name: 'root' });
    expect(await permissionsOf(anybody, 'root')).toEqual(
      differs('permissions of the role root', { etcd: [], quorate: ['READWRITE -\0'] }),
    );
    await auth(anybody, 'UserGrantRole', { user: 'root', role: 'root' });
    await auth(anybody, 'UserGrantRole', { user: 'alice', role: 'reader' });
    expect((await auth(anybody, 'UserGet', { name: 'alice' }))['roles']).toEqual(['reader']);
    for (const key of ['a', 'b', 'k', 'z']) {
      await anybody.kv.put({ key: bytes(key), value: bytes(key) });
    }
    await auth(anybody, 'AuthEnable');
    await auth(anybody, 'AuthEnable').catch(() => undefined);
  });
});

describe('while it is enabled', () => {
  test('whoever wants something must authenticate, and a token is good on every member', async () => {
    expect(await failure(anybody.kv.range({ key: bytes('a') }))).toBe(nobody);
    expect(await failure(anybody.kv.put({ key: bytes('a') }))).toBe(nobody);
    const failed = '3 etcdserver: authentication failed, invalid user ID or password';
    for (const [name, password] of [
      ['root', 'wrong'],
      ['none', 'x'],
      ['', ''],
    ]) {
      expect(await failure(auth(anybody, 'Authenticate', { name, password }))).toBe(failed);
    }
    const noPassword = { name: 'certificate', password: 'x' };
    expect(await failure(auth(anybody, 'Authenticate', noPassword))).toBe(
      '2 auth: authentication failed, password was given for no password user',
    );
    const token = await tokenOf('root', 'root-pw');
    expect(token).toMatch(/^[a-zA-Z]{16}\.\d+$/);
    root = target.api(0, token);
    for (const member of [0, 1, 2]) {
      const { kvs } = await target.api(member, token).kv.range({ key: bytes('a') });
      expect(kvs[0]?.value.toString()).toBe('a');
    }
    const made = target.api(0, `${'x'.repeat(16)}.1`);
    expect(await failure(made.kv.range({ key: bytes('a') }))).toBe(
      '16 etcdserver: invalid auth token',
    );
  });

  test('reads and writes end where the permissions end', async () => {
    alice = target.api(1, await tokenOf('alice', 'alice-pw', 2));
    const range = (key: string, range_end = '', serializable = false) =>
      failure(alice.kv.range({ key: bytes(key), range_end: bytes(range_end), serializable }));
    expect(await range('a', 'c')).toBe('OK');
    expect(await range('b', '', true)).toBe('OK');
    expect(await range('a', 'd')).toBe(denied);
    expect(await range('a', '\0')).toBe(denied);
    expect(await range('k')).toBe('OK');
    expect(await range('k', '\0')).toBe(denied);
    expect(await range('\0', '\0')).toBe(denied);
    expect(await failure(alice.kv.put({ key: bytes('k'), value: bytes('1') }))).toBe('OK');
    expect(await failure(alice.kv.put({ key: bytes('a'), value: bytes('1') }))).toBe(denied);
    expect(await failure(alice.kv.deleteRange({ key: bytes('k'), range_end: bytes('l') }))).toBe(
      denied,
    );
    await grant(root, 'reader', 'WRITE', 'w');
    // Her member has the new table when this is answered; before, etcd calls it old.
    expect(await range('a', 'c')).toBe('OK');
    // Whoever was recognized by the old table is recognized anew.
    expect(await failure(alice.kv.put({ key: bytes('w') }))).toBe('OK');
    expect(await failure(alice.kv.put({ key: bytes('w'), prev_kv: true }))).toBe(denied);
    expect(await failure(alice.kv.deleteRange({ key: bytes('w'), prev_kv: true }))).toBe(denied);
    expect(await failure(alice.kv.deleteRange({ key: bytes('w') }))).toBe('OK');
  });

  test('a transaction needs what any part of it needs', async () => {
    const range = (key: string) => ({ request_range: { key: bytes(key) } });
    const put = (key: string) => ({ request_put: { key: bytes(key) } });
    const txn = (success: object[], failure_: object[] = [], compare: object[] = []) =>
      failure(alice.kv.txn({ compare, success, failure: failure_ }));
    expect(await txn([range('a'), put('k')])).toBe('OK');
    expect(await txn([range('a')], [range('b')])).toBe('OK');
    expect(await txn([range('z')])).toBe(denied);
    expect(await txn([range('a')], [put('a')])).toBe(denied);
    expect(await txn([put('k')], [], [{ key: bytes('z'), target: 'VERSION' }])).toBe(denied);
    expect(await txn([{ request_delete_range: { key: bytes('a') } }])).toBe(denied);
    const nested = { request_txn: { compare: [], success: [put('a')], failure: [] } };
    expect(await txn([nested])).toBe(
      differs('permissions within a nested transaction', { etcd: 'OK', quorate: denied }),
    );
    await root.kv.put({ key: bytes('a'), value: bytes('a') });
    const withPrevious = { request_put: { key: bytes('w'), prev_kv: true } };
    expect(await txn([withPrevious])).toBe(
      differs('prev_kv of a put within a transaction', { etcd: 'OK', quorate: denied }),
    );
  });

  test('a watch is refused with the reason, and what is open at one end is open', async () => {
    const watched = async (api: Api, key: string, range_end = ''): Promise<string> => {
      const watch = api.watch();
      const create = { key: bytes(key), range_end: bytes(range_end) };
      const { created, canceled, cancel_reason, watch_id } = await watch.create(create);
      watch.close();
      return `${created} ${canceled} ${watch_id} ${cancel_reason}`;
    };
    expect(await watched(alice, 'a', 'c')).toBe('true false 0 ');
    expect(await watched(alice, 'a', 'd')).toMatch(/^true true -1 .*permission denied$/);
    expect(await watched(alice, '', '\0')).toMatch(/^true true -1 .*permission denied$/);
    expect(await watched(alice, 'k', '\0')).toMatch(
      differs('a watch from a key on', { etcd: /^true false 0 $/, quorate: /permission denied$/ }),
    );
    expect(await watched(anybody, 'a')).toBe(
      'true true -1 rpc error: code = InvalidArgument desc = etcdserver: user name is empty',
    );
    expect(await watched(root, '', '\0')).toBe('true false 0 ');
  });

  test('a lease is its keys’', async () => {
    const { ID } = await root.lease.grant({ TTL: 60 });
    expect(await failure(alice.kv.put({ key: bytes('k'), lease: ID }))).toBe('OK');
    await root.kv.put({ key: bytes('z'), lease: ID });
    expect(await failure(alice.kv.put({ key: bytes('k'), lease: ID }))).toBe(denied);
    expect(await failure(alice.lease.revoke({ ID }))).toBe(denied);
    expect(await failure(alice.lease.timeToLive({ ID, keys: false }))).toBe('OK');
    expect(await failure(alice.lease.timeToLive({ ID, keys: true }))).toBe(
      differs('keys of a lease that may not be read', { etcd: 'OK', quorate: denied }),
    );
    expect(await failure(root.lease.timeToLive({ ID, keys: true }))).toBe('OK');
    expect(await failure(root.lease.keepAlive(ID))).toBe('OK');
    expect(await failure(anybody.lease.grant({ TTL: 60 }))).toBe(
      differs('a lease without a user', { etcd: 'OK', quorate: nobody }),
    );
    expect(await failure(root.lease.revoke({ ID }))).toBe('OK');
  });

  test('users and roles are root’s, but for what concerns oneself', async () => {
    expect((await auth(alice, 'UserGet', { name: 'alice' }))['roles']).toEqual(['reader']);
    expect(await permissionsOf(alice, 'reader')).toContain('READ a-c');
    for (const [method, request] of [
      ['UserGet', { name: 'root' }],
      ['RoleGet', { role: 'other' }],
      ['UserList', {}],
      ['RoleList', {}],
      ['UserAdd', { name: 'eve', password: 'x' }],
      ['UserDelete', { name: 'bob' }],
      ['UserGrantRole', { user: 'alice', role: 'root' }],
      ['AuthDisable', {}],
    ] as const) {
      expect([method, await failure(auth(alice, method, request))]).toEqual([method, denied]);
      expect([method, await failure(auth(anybody, method, request))]).toEqual([method, nobody]);
    }
    for (const [method, request] of [
      ['UserDelete', { name: 'root' }],
      ['RoleDelete', { role: 'root' }],
      ['UserRevokeRole', { name: 'root', role: 'root' }],
    ] as const) {
      expect(await failure(auth(root, method, request))).toBe(
        '3 etcdserver: invalid auth management',
      );
    }
  });

  test('permissions are granted on ranges that hold something', async () => {
    const grant = (perm: object): Promise<string> =>
      failure(auth(root, 'RoleGrantPermission', { name: 'ranges', perm }));
    await auth(root, 'RoleAdd', { name: 'ranges' });
    expect(await grant({ permType: 'READ', key: bytes('a'), range_end: bytes('\0') })).toBe('OK');
    for (const [key, end] of ['', 'aa', 'ba'].map((pair) => [pair.slice(0, 1), pair.slice(1)])) {
      const perm = { permType: 'READ', key: bytes(key ?? ''), range_end: bytes(end ?? '') };
      const refused = '3 etcdserver: invalid auth management';
      expect(await grant(perm)).toBe(
        differs('a permission on no range', { etcd: 'OK', quorate: refused }),
      );
    }
    await auth(root, 'RoleDelete', { role: 'ranges' });
  });

  test('the members and the disk are root’s', async () => {
    const add = { peerURLs: ['http://127.0.0.1:1'] };
    const memberAdd = (api: Api) => failure(api.call('etcdserverpb.Cluster/MemberAdd', add));
    expect(await memberAdd(alice)).toBe(denied);
    expect(await memberAdd(anybody)).toBe(nobody);
    const hash = (api: Api) => failure(api.call('etcdserverpb.Maintenance/HashKV', {}));
    expect(await hash(root)).toBe('OK');
    expect(await hash(alice)).toBe(
      differs('codes of what is refused in Maintenance', {
        etcd: '2 auth: permission denied',
        quorate: denied,
      }),
    );
    const revision = (await root.kv.range({ key: bytes('a') })).header?.revision ?? 0;
    expect(await failure(alice.kv.compact({ revision: Number(revision) - 1 }))).toBe(
      differs('compaction by anybody', { etcd: 'OK', quorate: denied }),
    );
    // Patroni asks for the members before it knows who it is.
    expect(await failure(anybody.cluster.memberList({}))).toBe('OK');
    expect(await failure(anybody.maintenance.status({}))).toBe(
      differs('status is told to anybody', { etcd: 'OK', quorate: nobody }),
    );
    expect(await failure(alice.maintenance.status({}))).toBe('OK');
    expect(await failure(anybody.maintenance.alarm({ action: 'GET' }))).toBe(
      differs('alarms are told to anybody', { etcd: 'OK', quorate: nobody }),
    );
  });

  test('a changed password, and a deleted user, end the tokens', async () => {
    const token = await tokenOf('bob', 'bob-pw');
    const bob = target.api(0, token);
    expect(await failure(bob.kv.range({ key: bytes('a') }))).toBe(denied);
    await auth(root, 'UserGrantRole', { user: 'bob', role: 'root' });
    expect(await failure(bob.kv.range({ key: bytes('a') }))).toBe('OK');
    await auth(root, 'UserChangePassword', { name: 'bob', password: 'new' });
    const invalid = '16 etcdserver: invalid auth token';
    expect(await failure(bob.kv.range({ key: bytes('a') }))).toBe(invalid);
    expect(await failure(tokenOf('bob', 'bob-pw'))).toMatch(/authentication failed/);
    const again = target.api(2, await tokenOf('bob', 'new'));
    expect(await failure(again.kv.range({ key: bytes('a') }))).toBe('OK');
    await auth(root, 'UserDelete', { name: 'bob' });
    expect(await failure(again.kv.range({ key: bytes('a') }))).toBe(invalid);
  });

  test('whoever waits for a lock while users and roles change gets it', async () => {
    const lock = (api: Api): Promise<Answer> =>
      api.call('v3lockpb.Lock/Lock', { name: bytes('guarded') });
    const { key } = await lock(root);
    const waiting = lock(target.api(0, await tokenOf('root', 'root-pw')));
    const places = { key: bytes('guarded/'), range_end: bytes('guarded0') };
    await eventually('two places', async () =>
      (await root.kv.range(places)).count === '2' ? true : undefined,
    );
    await auth(root, 'RoleAdd', { name: 'passing' });
    await auth(root, 'RoleDelete', { role: 'passing' });
    await root.call('v3lockpb.Lock/Unlock', { key });
    await root.call('v3lockpb.Lock/Unlock', { key: (await waiting)['key'] });
    expect((await root.kv.range(places)).count).toBe('0');
  });

  test('etcd3 authenticates by itself, and says what it may not', async () => {
    await target.everywhere(await tokenOf('root', 'root-pw'));
    const client = new Etcd3({
      hosts: target.members.endpoints,
      auth: { username: 'alice', password: 'alice-pw' },
    });
    expect(await client.get('a').string()).toBe('a');
    await expect(client.put('a').value('x')).rejects.toThrow('permission denied');
    client.close();
    const wrong = new Etcd3({
      hosts: target.members.endpoints,
      auth: { username: 'alice', password: 'wrong' },
    });
    await expect(wrong.get('a').string()).rejects.toThrow('invalid user ID or password');
    wrong.close();
  });

  test('etcdctl with --user, and over HTTP with a token in the header', async () => {
    const { stdout } = await target.etcdctl(['--user', 'alice:alice-pw', 'get', 'a']);
    expect(stdout).toBe('a\na\n');
    const [endpoint] = target.members.endpoints;
    const post = async (path: string, body: object, token?: string) => {
      const headers = token === undefined ? {} : { authorization: token };
      const url = `http://${endpoint}/v3/${path}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
      return (await answer.json()) as Record<string, string>;
    };
    const { token } = await post('auth/authenticate', { name: 'alice', password: 'alice-pw' });
    const key = bytes('a').toString('base64');
    expect((await post('kv/range', { key }, token))['count']).toBe('1');
    expect((await post('kv/range', { key }, `Bearer ${token}`))['count']).toBe(
      differs('a token after Bearer', { etcd: undefined, quorate: '1' }),
    );
    expect((await post('kv/put', { key }, token))['error']).toContain('permission denied');
    expect((await post('kv/range', { key }))['error']).toContain('user name is empty');
  });

  test('a role that is deleted is nobody’s; disabled, everybody may do everything again', async () => {
    await auth(root, 'RoleDelete', { role: 'reader' });
    expect((await auth(root, 'UserGet', { name: 'alice' }))['roles']).toEqual([]);
    expect(await failure(alice.kv.range({ key: bytes('a') }))).toBe(denied);
    await auth(root, 'AuthDisable');
    expect(await failure(anybody.kv.range({ key: bytes('a') }))).toBe('OK');
    expect(await failure(target.api(0, 'unknown').kv.range({ key: bytes('a') }))).toBe(
      differs('a token while auth is disabled', {
        etcd: '16 etcdserver: invalid auth token',
        quorate: 'OK',
      }),
    );
  });
});
