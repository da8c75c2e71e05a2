import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Compare } from '../../../shared/rpc/gen/etcdserverpb/Compare.ts';
import type { TxnRequest } from '../../../shared/rpc/gen/etcdserverpb/TxnRequest.ts';
import { differs } from './differences.ts';
import { type Api, bytes, failure, Target } from './target.ts';

const target = new Target();
let api: Api;
let first: string;
beforeAll(async () => {
  await target.start();
  api = target.api(1);
  first = String((await api.kv.put({ key: bytes('k'), value: bytes('m') })).header?.revision);
  await api.kv.put({ key: bytes('k2'), value: bytes('z') });
});
afterAll(() => target.stop());

const k = { key: bytes('k') };
const putOp = (key: string, value: string) => ({
  request_put: { key: bytes(key), value: bytes(value) },
});
const rangeOp = (key: string) => ({ request_range: { key: bytes(key) } });

describe('compare', () => {
  const cases: [string, () => Compare, boolean][] = [
    ['value =', () => ({ ...k, target: 'VALUE', result: 'EQUAL', value: bytes('m') }), true],
    ['value = other', () => ({ ...k, target: 'VALUE', result: 'EQUAL', value: bytes('x') }), false],
    ['value >', () => ({ ...k, target: 'VALUE', result: 'GREATER', value: bytes('a') }), true],
    ['value <', () => ({ ...k, target: 'VALUE', result: 'LESS', value: bytes('a') }), false],
    ['value !=', () => ({ ...k, target: 'VALUE', result: 'NOT_EQUAL', value: bytes('a') }), true],
    ['version =', () => ({ ...k, target: 'VERSION', result: 'EQUAL', version: 1 }), true],
    ['version >', () => ({ ...k, target: 'VERSION', result: 'GREATER', version: 1 }), false],
    [
      'created =',
      () => ({ ...k, target: 'CREATE', result: 'EQUAL', create_revision: first }),
      true,
    ],
    ['modified =', () => ({ ...k, target: 'MOD', result: 'EQUAL', mod_revision: first }), true],
    ['modified <', () => ({ ...k, target: 'MOD', result: 'LESS', mod_revision: first }), false],
    ['lease =', () => ({ ...k, target: 'LEASE', result: 'EQUAL', lease: 0 }), true],
    [
      'absent has version 0',
      () => ({ key: bytes('none'), target: 'VERSION', result: 'EQUAL', version: 0 }),
      true,
    ],
    [
      'absent was never created',
      () => ({ key: bytes('none'), target: 'CREATE', result: 'EQUAL', create_revision: 0 }),
      true,
    ],
    [
      'absent has no value to compare',
      () => ({ key: bytes('none'), target: 'VALUE', result: 'NOT_EQUAL', value: bytes('x') }),
      false,
    ],
    [
      'all of a range',
      () => ({ ...k, range_end: bytes('l'), target: 'VERSION', result: 'EQUAL', version: 1 }),
      true,
    ],
    [
      'one of a range differs',
      () => ({ ...k, range_end: bytes('l'), target: 'VALUE', result: 'EQUAL', value: bytes('m') }),
      false,
    ],
  ];
  test.each(cases)('%s', async (_, compare, expected) => {
    const { succeeded } = await api.kv.txn({ compare: [compare()], success: [], failure: [] });
    expect(succeeded).toBe(expected);
  });
});

describe('operations', () => {
  test('all writes share one revision, reads see the writes before them', async () => {
    const before = Number((await api.kv.range(k)).header?.revision);
    const { header, responses } = await api.kv.txn({
      success: [rangeOp('t/a'), putOp('t/a', '1'), rangeOp('t/a'), putOp('t/b', '2')],
    });
    expect(Number(header?.revision)).toBe(before + 1);
    expect(responses[0]?.response_range?.count).toBe('0');
    expect(responses[2]?.response_range?.kvs[0]?.value.toString()).toBe('1');
    const both = await api.kv.range({ key: bytes('t/'), range_end: bytes('t0') });
    expect(both.kvs.map(({ mod_revision }) => Number(mod_revision))).toEqual([
      before + 1,
      before + 1,
    ]);
  });

  test('the other branch, nested, and read-only ones take no revision', async () => {
    const before = (await api.kv.range(k)).header?.revision;
    const never: Compare = { ...k, target: 'VERSION', result: 'EQUAL', version: 99 };
    const nested = await api.kv.txn({
      compare: [never],
      success: [putOp('never', '1')],
      failure: [{ request_txn: { success: [rangeOp('k')] } }],
    });
    expect(nested.succeeded).toBe(false);
    const inner = nested.responses[0]?.response_txn;
    expect(inner?.succeeded).toBe(true);
    expect(inner?.responses[0]?.response_range?.kvs[0]?.value.toString()).toBe('m');
    expect((await api.kv.range(k)).header?.revision).toBe(before);
  });

  test('a deletion says how many, with previous values', async () => {
    await api.kv.put({ key: bytes('d/1'), value: bytes('x') });
    const { responses } = await api.kv.txn({
      success: [
        { request_delete_range: { key: bytes('d/'), range_end: bytes('d0'), prev_kv: true } },
      ],
    });
    const deleted = responses[0]?.response_delete_range;
    expect(deleted?.deleted).toBe('1');
    expect(deleted?.prev_kvs[0]?.value.toString()).toBe('x');
  });
});

describe('what is beyond what a store can hold', () => {
  const most = '9223372036854775807';
  const least = '-9223372036854775808';
  const precise = '9007199254740993';
  const numbers: [string, Compare['result'], boolean][] = [
    [most, 'LESS', true],
    [most, 'GREATER', false],
    [precise, 'LESS', true],
    [least, 'GREATER', true],
    [least, 'LESS', false],
    ['-1', 'EQUAL', false],
  ];
  test.each(numbers)('a revision of %s, %s', async (number, result = 'EQUAL', expected) => {
    for (const operand of [
      { target: 'MOD', mod_revision: number },
      { target: 'CREATE', create_revision: number },
      { target: 'VERSION', version: number },
      { target: 'LEASE', lease: number },
    ] as const) {
      // With a write, it goes through the log.
      const put = putOp('beyond', '1');
      const { succeeded } = await api.kv.txn({
        compare: [{ ...k, ...operand, result }],
        success: [put],
        failure: [put],
      });
      expect(succeeded).toBe(expected);
    }
  });

  test('limits and filters', async () => {
    const all = { key: bytes('k'), range_end: bytes('l') };
    for (const [request, count] of [
      [{ limit: most }, 2],
      [{ limit: '-1' }, 2],
      [{ min_mod_revision: most }, 0],
      [{ max_mod_revision: most }, 2],
      [{ min_create_revision: least }, 2],
      [{ max_create_revision: least }, 0],
      [{ max_mod_revision: '-1' }, 0],
    ] as const) {
      expect((await api.kv.range({ ...all, ...request })).kvs).toHaveLength(count);
      const { responses } = await api.kv.txn({
        success: [putOp('beyond', '1'), { request_range: { ...all, ...request } }],
      });
      expect(responses[1]?.response_range?.kvs).toHaveLength(count);
    }
  });
});

test('a delete from a key on stands beside puts, and happens in its place', async () => {
  const openEnd = Buffer.of(0);
  const allOf = { key: bytes('y/'), range_end: openEnd };
  const deletion = { request_delete_range: allOf };
  const last = await api.kv.txn({ success: [putOp('y/1', '1'), deletion] });
  expect(last.responses[1]?.response_delete_range?.deleted).toBe('1');
  expect((await api.kv.range(allOf)).count).toBe('0');
  await api.kv.txn({ success: [deletion, putOp('y/2', '1')] });
  expect((await api.kv.range(allOf)).kvs.map(({ key }) => String(key))).toEqual(['y/2']);
});

test('a comparison nobody knows', async () => {
  const unknown = (compare: object) => api.kv.txn({ compare: [{ ...k, ...compare }] });
  const text = (what: string): string =>
    differs('an unknown comparison', {
      etcd: 'OK',
      quorate: `3 etcdserver: invalid compare ${what}`,
    });
  expect(await failure(unknown({ result: 7 }))).toBe(text('result'));
  expect(await failure(unknown({ target: 9 }))).toBe(text('target'));
});

describe('errors', () => {
  const refused: [string, TxnRequest, string][] = [
    [
      'a key put twice',
      { success: [putOp('x', '1'), putOp('x', '2')] },
      '3 etcdserver: duplicate key given in txn request',
    ],
    [
      'a key put and deleted',
      { success: [{ request_delete_range: { key: bytes('x') } }, putOp('x', '2')] },
      '3 etcdserver: duplicate key given in txn request',
    ],
    [
      'too many operations',
      { success: Array.from({ length: 129 }, (_, i) => putOp(`x${i}`, '1')) },
      '3 etcdserver: too many operations in txn request',
    ],
    ['an empty key', { success: [putOp('', '1')] }, '3 etcdserver: key is not provided'],
    [
      'an empty key to compare',
      { compare: [{ key: bytes(''), target: 'VERSION', version: 1 }] },
      '3 etcdserver: key is not provided',
    ],
    [
      'a lease that is not there',
      { success: [{ request_put: { key: bytes('x'), lease: '4711' } }] },
      '5 etcdserver: requested lease not found',
    ],
    [
      'a future revision',
      { success: [{ request_range: { key: bytes('x'), revision: 1_000_000 } }] },
      '11 etcdserver: mvcc: required revision is a future revision',
    ],
  ];
  test.each(refused)('%s', async (_, request, text) => {
    expect(await failure(api.kv.txn(request))).toBe(text);
    expect((await api.kv.range({ key: bytes('x') })).count).toBe('0');
  });
});
