import { createHash } from 'node:crypto';
import { eventually } from '#shared/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differs } from './differences.ts';
import { type Answer, type Api, bytes, failure, Target } from './target.ts';

const target = new Target();
let apis: [Api, Api, Api];
beforeAll(async () => {
  await target.start();
  apis = [target.api(0), target.api(1), target.api(2)];
});
afterAll(() => target.stop());

const maintenance = (api: Api, method: string, request: object = {}): Promise<Answer> =>
  api.call(`etcdserverpb.Maintenance/${method}`, request);

const put = (key: string): Promise<unknown> =>
  apis[0].kv.put({ key: bytes(key), value: bytes('1') });

/** Its revision, once all members have it. */
async function writtenEverywhere(key: string): Promise<string> {
  const { header } = await apis[0].kv.put({ key: bytes(key), value: bytes('1') });
  await Promise.all(apis.map((api) => api.kv.range({ key: bytes(key) })));
  return header?.revision ?? '0';
}

async function memberIds(): Promise<string[]> {
  const statuses = await Promise.all(apis.map((api) => api.maintenance.status({})));
  return statuses.map(({ header }) => header?.member_id ?? '');
}

test('status counts what is applied, and grows with the log', async () => {
  const before = await apis[1].maintenance.status({});
  await writtenEverywhere('status');
  const after = await apis[1].maintenance.status({});
  expect(Number(after.raftIndex)).toBeGreaterThan(Number(before.raftIndex));
  expect(Number(after.raftAppliedIndex)).toBeGreaterThan(Number(before.raftAppliedIndex));
  expect(Number(after.header?.revision)).toBe(Number(before.header?.revision) + 1);
  expect(after.errors).toEqual([]);
});

test('the database is at least as large as what is alive in it, however well that can be compressed', async () => {
  const value = Buffer.alloc(4096);
  for (let i = 0; i < 25; i++) await apis[0].kv.put({ key: bytes('size'), value });
  await eventually('the size to be told', async () => {
    const { dbSize, dbSizeInUse } = await apis[0].maintenance.status({});
    const least = Math.min(Number(dbSize), Number(dbSizeInUse));
    return least >= 25 * value.length ? true : undefined;
  });
});

test('the alarm of no space refuses what adds data, everywhere, until it is disarmed', async () => {
  await put('space');
  const [, memberID = ''] = await memberIds();
  const alarm = { memberID, alarm: 'NOSPACE' } as const;
  const raised = await apis[2].maintenance.alarm({ action: 'ACTIVATE', ...alarm });
  expect(raised.alarms).toEqual([alarm]);
  for (const api of apis) {
    await eventually('the alarm on every member', async () =>
      (await api.maintenance.alarm({ action: 'GET' })).alarms.length === 1 ? true : undefined,
    );
    const { header } = await api.maintenance.alarm({ action: 'GET' });
    expect(header?.member_id).toBe(
      differs('the header of alarms', {
        etcd: undefined,
        quorate: (await api.maintenance.status({})).header?.member_id,
      }),
    );
    const [line = ''] = (await api.maintenance.status({})).errors;
    expect(line).toBe(`memberID:${memberID} alarm:NOSPACE `);
    const full = '8 etcdserver: mvcc: database space exceeded';
    expect(await failure(api.kv.put({ key: bytes('space'), value: bytes('2') }))).toBe(full);
    expect(await failure(api.lease.grant({ TTL: 10 }))).toBe(full);
    const range = await api.kv.range({ key: bytes('space') });
    expect(range.kvs[0]?.value.toString()).toBe('1');
  }
  expect((await apis[1].kv.deleteRange({ key: bytes('space') })).deleted).toBe('1');
  const disarmed = await apis[0].maintenance.alarm({ action: 'DEACTIVATE', ...alarm });
  expect(disarmed.alarms).toEqual([alarm]);
  expect((await apis[0].maintenance.alarm({ action: 'GET' })).alarms).toEqual([]);
  await put('space');
  // Nothing to disarm is no error.
  expect((await apis[0].maintenance.alarm({ action: 'DEACTIVATE', ...alarm })).alarms).toEqual([]);
});

test('the alarm of corruption lets nobody read or write', async () => {
  const [memberID = ''] = await memberIds();
  const alarm = { memberID, alarm: 'CORRUPT' } as const;
  await apis[0].maintenance.alarm({ action: 'ACTIVATE', ...alarm });
  const corrupt = '15 etcdserver: corrupt cluster';
  const key = bytes('corrupt');
  expect(await failure(apis[0].kv.put({ key, value: key }))).toBe(corrupt);
  expect(await failure(apis[0].kv.range({ key }))).toBe(
    differs('reads while a member is corrupt', { etcd: 'OK', quorate: corrupt }),
  );
  expect(await failure(apis[0].kv.deleteRange({ key }))).toBe(corrupt);
  expect(await failure(apis[0].kv.compact({ revision: '1' }))).toBe(corrupt);
  expect(await failure(apis[0].lease.grant({ TTL: 10 }))).toBe(corrupt);
  await apis[0].maintenance.alarm({ action: 'DEACTIVATE', ...alarm });
  await put('corrupt');
});

test('an alarm of no kind changes nothing, and those of one kind can be listed', async () => {
  const [memberID = ''] = await memberIds();
  const none = await apis[0].maintenance.alarm({ action: 'ACTIVATE', memberID, alarm: 'NONE' });
  expect(none.alarms).toEqual(
    differs('an alarm of no kind', { etcd: [{ memberID, alarm: 'NONE' }], quorate: [] }),
  );
  await apis[0].maintenance.alarm({ action: 'DEACTIVATE', memberID, alarm: 'NONE' });
  const alarm = { memberID, alarm: 'NOSPACE' } as const;
  await apis[0].maintenance.alarm({ action: 'ACTIVATE', ...alarm });
  expect((await apis[0].maintenance.alarm({ action: 'GET', alarm: 'CORRUPT' })).alarms).toEqual([]);
  expect((await apis[0].maintenance.alarm({ action: 'GET', alarm: 'NOSPACE' })).alarms).toEqual([
    alarm,
  ]);
  await apis[0].maintenance.alarm({ action: 'DEACTIVATE', ...alarm });
});

test('an alarm may name anybody', async () => {
  for (const memberID of ['0', '5', '18446744073709551615']) {
    const alarm = { memberID, alarm: 'NOSPACE' } as const;
    const raised = await apis[0].maintenance.alarm({ action: 'ACTIVATE', ...alarm });
    expect(raised.alarms).toEqual([alarm]);
    expect((await apis[0].maintenance.alarm({ action: 'GET' })).alarms).toEqual([alarm]);
    await apis[0].maintenance.alarm({ action: 'DEACTIVATE', ...alarm });
  }
});

test('a defragmentation loses nothing and needs nobody else', async () => {
  const revision = await writtenEverywhere('defragmented');
  for (const api of apis) {
    await maintenance(api, 'Defragment');
    const { kvs } = await api.kv.range({ key: bytes('defragmented'), serializable: true });
    expect(kvs[0]?.mod_revision).toBe(revision);
  }
});

test('a digest of everything says as of when it is', async () => {
  const revision = await writtenEverywhere('hash');
  for (const api of apis) {
    const { header, hash } = await maintenance(api, 'Hash');
    expect((header as { revision: string }).revision).toBe(revision);
    expect(hash).toBeGreaterThan(0);
  }
});

test('digests of a revision agree, whatever was written or compacted since', async () => {
  const revision = await writtenEverywhere('hashed');
  const before = await maintenance(apis[0], 'HashKV', { revision });
  await writtenEverywhere('hashed');
  const digests = await Promise.all(apis.map((api) => maintenance(api, 'HashKV', { revision })));
  for (const { hash } of digests) expect(hash).toBe(before['hash']);
  const newest = await Promise.all(apis.map((api) => maintenance(api, 'HashKV')));
  expect(newest[0]?.['hash']).not.toBe(before['hash']);
  await apis[0].kv.compact({ revision, physical: true });
  await writtenEverywhere('hashed');
  for (const api of apis) {
    const { compact_revision } = await maintenance(api, 'HashKV');
    expect(compact_revision).toBe(revision);
  }
});

test('digests of revisions that are gone, or to come, are refused', async () => {
  const revision = await writtenEverywhere('refused');
  await apis[0].kv.compact({ revision, physical: true });
  const older = String(Number(revision) - 1);
  const later = String(Number(revision) + 1000);
  expect(await failure(maintenance(apis[0], 'HashKV', { revision: older }))).toBe(
    '11 etcdserver: mvcc: required revision has been compacted',
  );
  expect(await failure(maintenance(apis[0], 'HashKV', { revision: later }))).toBe(
    '11 etcdserver: mvcc: required revision is a future revision',
  );
});

test('a snapshot ends with the digest of what came before, and says how much is to come', async () => {
  await put('backed-up');
  const parts = await apis[1].stream('etcdserverpb.Maintenance/Snapshot', {});
  const blob = Buffer.concat(parts.map((part) => part['blob'] as Buffer));
  expect(blob.length % 512).toBe(32);
  const digest = createHash('sha256').update(blob.subarray(0, -32)).digest();
  expect(blob.subarray(-32).equals(digest)).toBe(true);
  const remaining = parts.map((part) => Number(part['remaining_bytes']));
  expect(remaining).toEqual([...remaining].sort((a, b) => b - a));
  expect(remaining.at(-1)).toBe(0);
});

test('leadership moves to whom it is given, by its leader alone', async () => {
  const ids = await memberIds();
  const { leader } = await apis[0].maintenance.status({});
  const from = ids.indexOf(leader);
  const to = (from + 1) % 3;
  const transfer = (by: number, targetID: string | undefined) =>
    maintenance(apis[by] as Api, 'MoveLeader', { targetID });
  expect(await failure(transfer(to, ids[to]))).toBe('9 etcdserver: not leader');
  expect(await failure(transfer(from, '12345'))).toBe('9 etcdserver: bad leader transferee');
  await transfer(from, ids[to]);
  for (const api of apis) {
    await eventually('the new leader on every member', async () => {
      const now = await api.maintenance.status({});
      return now.leader === ids[to] ? true : undefined;
    });
  }
  // To itself: nothing to do.
  await transfer(to, ids[to]);
  await put('moved');
});
