import { eventually } from '#shared/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RangeRequest } from '../../../shared/rpc/gen/etcdserverpb/RangeRequest.ts';
import type { RangeResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/RangeResponse.ts';
import { type Api, bytes, failure, Target } from './target.ts';

const target = new Target();
let apis: Api[];
beforeAll(async () => {
  await target.start();
  apis = [0, 1, 2].map((index) => target.api(index));
});
afterAll(() => target.stop());

const show = ({ kvs, count, more }: RangeResponse__Output): string =>
  `${kvs.map(({ key, value }) => `${key.toString()}=${value.toString()}`).join(' ')} of ${count}${more ? ' more' : ''}`;

describe('range: every option', () => {
  let base: number;
  let api: Api;
  beforeAll(async () => {
    [api] = apis as [Api];
    // Revisions base+1 …: a b c a d, and e that is deleted again.
    for (const [key, value] of [
      ['r/a', '3'],
      ['r/b', '1'],
      ['r/c', '2'],
      ['r/a', '0'],
      ['r/d', '4'],
      ['r/e', '5'],
    ] as const) {
      const { header } = await api.kv.put({ key: bytes(key), value: bytes(value) });
      base ||= Number(header?.revision) - 1;
    }
    await api.kv.deleteRange({ key: bytes('r/e') });
  });

  const all = { key: bytes('r/'), range_end: bytes('r0') };
  const cases: [string, (base: number) => RangeRequest, string][] = [
    ['one key', () => ({ key: bytes('r/a') }), 'r/a=0 of 1'],
    ['a key that is not there', () => ({ key: bytes('r/x') }), ' of 0'],
    ['a prefix', () => all, 'r/a=0 r/b=1 r/c=2 r/d=4 of 4'],
    ['an empty interval', () => ({ key: bytes('r/c'), range_end: bytes('r/a') }), ' of 0'],
    ['half open', () => ({ key: bytes('r/b'), range_end: bytes('r/d') }), 'r/b=1 r/c=2 of 2'],
    ['from a key on', () => ({ key: bytes('r/c'), range_end: Buffer.of(0) }), 'r/c=2 r/d=4 of 2'],
    ['a limit', () => ({ ...all, limit: 2 }), 'r/a=0 r/b=1 of 4 more'],
    ['a limit that is met exactly', () => ({ ...all, limit: 4 }), 'r/a=0 r/b=1 r/c=2 r/d=4 of 4'],
    ['count only', () => ({ ...all, count_only: true }), ' of 4'],
    ['keys only', () => ({ ...all, keys_only: true }), 'r/a= r/b= r/c= r/d= of 4'],
    ['serializable', () => ({ ...all, serializable: true }), 'r/a=0 r/b=1 r/c=2 r/d=4 of 4'],
    ['an old revision', (r) => ({ ...all, revision: r + 3 }), 'r/a=3 r/b=1 r/c=2 of 3'],
    [
      'before a deletion',
      (r) => ({ ...all, revision: r + 6 }),
      'r/a=0 r/b=1 r/c=2 r/d=4 r/e=5 of 5',
    ],
    ['descending keys', () => ({ ...all, sort_order: 'DESCEND' }), 'r/d=4 r/c=2 r/b=1 r/a=0 of 4'],
    [
      'by value',
      () => ({ ...all, sort_order: 'ASCEND', sort_target: 'VALUE' }),
      'r/a=0 r/b=1 r/c=2 r/d=4 of 4',
    ],
    [
      'by value, descending, with a limit',
      () => ({ ...all, sort_order: 'DESCEND', sort_target: 'VALUE', limit: 1 }),
      'r/d=4 of 4 more',
    ],
    [
      'by modification',
      () => ({ ...all, sort_order: 'ASCEND', sort_target: 'MOD' }),
      'r/b=1 r/c=2 r/a=0 r/d=4 of 4',
    ],
    [
      'by creation, descending',
      () => ({ ...all, sort_order: 'DESCEND', sort_target: 'CREATE' }),
      'r/d=4 r/c=2 r/b=1 r/a=0 of 4',
    ],
    [
      'by version, descending',
      () => ({ ...all, sort_order: 'DESCEND', sort_target: 'VERSION', limit: 1 }),
      'r/a=0 of 4 more',
    ],
    [
      'a target without an order ascends',
      () => ({ ...all, sort_target: 'MOD' }),
      'r/b=1 r/c=2 r/a=0 r/d=4 of 4',
    ],
    ['modified from', (r) => ({ ...all, min_mod_revision: r + 4 }), 'r/a=0 r/d=4 of 4'],
    ['modified until', (r) => ({ ...all, max_mod_revision: r + 3 }), 'r/b=1 r/c=2 of 4'],
    ['created from', (r) => ({ ...all, min_create_revision: r + 3 }), 'r/c=2 r/d=4 of 4'],
    ['created until', (r) => ({ ...all, max_create_revision: r + 1 }), 'r/a=0 of 4'],
    [
      'filtered, with a limit',
      (r) => ({ ...all, max_mod_revision: r + 3, limit: 1 }),
      'r/b=1 of 4 more',
    ],
  ];
  test.each(cases)('%s', async (_, request, expected) => {
    for (const at of apis) expect(show(await at.kv.range(request(base)))).toBe(expected);
  });

  test('errors', async () => {
    const { kv } = api;
    expect(await failure(kv.range({ key: Buffer.alloc(0) }))).toBe(
      '3 etcdserver: key is not provided',
    );
    expect(await failure(kv.range({ key: bytes('a'), revision: 1_000_000 }))).toBe(
      '11 etcdserver: mvcc: required revision is a future revision',
    );
  });
});

describe.each([0, 1, 2])('put and delete at member %i', (index) => {
  const key = bytes(`p/${index}`);
  const put = (value: string, more = {}) =>
    apis[index]!.kv.put({ key, value: bytes(value), ...more });

  test('versions and revisions count', async () => {
    const { kv } = apis[index]!;
    const first = await put('1');
    const second = await put('2', { prev_kv: true });
    expect(second.prev_kv?.value.toString()).toBe('1');
    expect(Number(second.header?.revision)).toBe(Number(first.header?.revision) + 1);
    const [found] = (await kv.range({ key })).kvs;
    expect(found).toMatchObject({
      version: '2',
      create_revision: first.header?.revision,
      mod_revision: second.header?.revision,
      lease: '0',
    });
    const gone = await kv.deleteRange({ key, prev_kv: true });
    expect(gone).toMatchObject({ deleted: '1' });
    expect(gone.prev_kvs[0]?.value.toString()).toBe('2');
    const again = await put('3');
    expect((await kv.range({ key })).kvs[0]).toMatchObject({
      version: '1',
      create_revision: again.header?.revision,
    });
  });

  test('a deletion of nothing takes no revision', async () => {
    const { kv } = apis[index]!;
    const before = await kv.range({ key });
    const nothing = await kv.deleteRange({ key: bytes('no such key') });
    expect(nothing.deleted).toBe('0');
    expect(nothing.header?.revision).toBe(before.header?.revision);
  });

  test('headers say who answered', async () => {
    // A busy machine may elect anew at any time.
    const { header, status } = await eventually('a put and a status of one term', async () => {
      const { header } = await put('h');
      const status = await apis[index]!.maintenance.status({});
      return header?.raft_term === status.raftTerm ? { header, status } : undefined;
    });
    expect(header?.member_id).toBe(status.header?.member_id);
    expect(header?.cluster_id).toBe(status.header?.cluster_id);
  });

  test('value and lease are kept where asked', async () => {
    const { kv } = apis[index]!;
    await put('kept');
    await kv.put({ key, ignore_value: true });
    expect((await kv.range({ key })).kvs[0]?.value.toString()).toBe('kept');
    await kv.put({ key, value: bytes('new'), ignore_lease: true });
    expect((await kv.range({ key })).kvs[0]?.value.toString()).toBe('new');
  });

  test('errors', async () => {
    const { kv } = apis[index]!;
    expect(await failure(kv.put({ value: bytes('v') }))).toBe('3 etcdserver: key is not provided');
    expect(await failure(kv.deleteRange({}))).toBe('3 etcdserver: key is not provided');
    expect(await failure(put('v', { ignore_value: true }))).toBe('3 etcdserver: value is provided');
    expect(await failure(put('v', { ignore_lease: true, lease: '7' }))).toBe(
      '3 etcdserver: lease is provided',
    );
    expect(await failure(put('v', { lease: '424242' }))).toBe(
      '5 etcdserver: requested lease not found',
    );
    expect(await failure(kv.put({ key: bytes('nokey'), ignore_value: true }))).toBe(
      '3 etcdserver: key not found',
    );
    expect(await failure(put('v'.repeat(1_600_000)))).toBe('3 etcdserver: request is too large');
    expect(await failure(put('v'.repeat(3_000_000)))).toMatch(
      /^8 grpc: received message larger than max \(\d+ vs\. 2097152\)$/,
    );
  });
});

test('what one member acknowledged, a linearizable read of every other shows', async () => {
  for (let i = 0; i < 50; i++) {
    const key = bytes(`linear/${i % 7}`);
    await apis[i % 3]?.kv.put({ key, value: bytes(String(i)) });
    const found = await apis[(i + 1) % 3]?.kv.range({ key });
    expect(found?.kvs[0]?.value.toString()).toBe(String(i));
  }
});

test('revision 0 is compacted once, and nothing is lost by it', async () => {
  const [{ kv }] = apis as [Api];
  const { header } = await kv.put({ key: bytes('zero'), value: bytes('1') });
  await kv.compact({ revision: 0 });
  expect(await failure(kv.compact({ revision: 0 }))).toBe(
    '11 etcdserver: mvcc: required revision has been compacted',
  );
  const read = { key: bytes('zero'), revision: header?.revision ?? 0 };
  expect((await kv.range(read)).count).toBe('1');
});

test('compaction', async () => {
  const [{ kv }] = apis as [Api];
  const key = bytes('compacted');
  const first = Number((await kv.put({ key, value: bytes('1') })).header?.revision);
  await kv.put({ key, value: bytes('2') });
  await kv.compact({ revision: first + 1, physical: true });
  expect(await failure(kv.range({ key, revision: first }))).toBe(
    '11 etcdserver: mvcc: required revision has been compacted',
  );
  expect(show(await kv.range({ key, revision: first + 1 }))).toBe('compacted=2 of 1');
  expect(await failure(kv.compact({ revision: first }))).toBe(
    '11 etcdserver: mvcc: required revision has been compacted',
  );
  expect(await failure(kv.compact({ revision: 1_000_000 }))).toBe(
    '11 etcdserver: mvcc: required revision is a future revision',
  );
});
