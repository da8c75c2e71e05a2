import { describe, expect, test } from 'vitest';
import { loadProto } from '#shared/rpc';
import { JsonMapping } from './json-mapping.ts';
import { JsonValues, parseExact } from './json-values.ts';

const packages = loadProto<object>('etcd/rpc.proto');
const mapping = new JsonMapping((name) => {
  let found: unknown = packages;
  for (const part of name.split('.'))
    found = (found as Record<string, unknown> | undefined)?.[part];
  return found;
});
const from = (type: string, json: unknown): unknown =>
  mapping.fromJson(`etcdserverpb.${type}`, json);

describe('requests', () => {
  test('bytes are base64, integers numbers or strings, names either way', () => {
    const expected = { key: Buffer.from('foo'), lease: '12', prev_kv: true };
    expect(from('PutRequest', { key: 'Zm9v', lease: 12, prev_kv: true })).toEqual(expected);
    expect(from('PutRequest', { key: 'Zm9v', lease: '12', prevKv: true })).toEqual(expected);
  });

  test('an id of 64 bits may be a number', () => {
    const body = parseExact('{"ID": 7587862094310802604, "keys": true}');
    expect(from('LeaseTimeToLiveRequest', body)).toEqual({ ID: '7587862094310802604', keys: true });
    expect(parseExact('[1, -2, 0.5, 1e300]')).toEqual([1, -2, 0.5, 1e300]);
  });

  test('unknown fields and nulls do not matter', () => {
    expect(from('PutRequest', { key: null, other: 1 })).toEqual({});
  });

  test('enums by name or number, of the message itself and of another one', () => {
    expect(from('RangeRequest', { sort_order: 2, sortTarget: 'MOD' })).toEqual({
      sort_order: 'DESCEND',
      sort_target: 'MOD',
    });
    expect(from('AlarmRequest', { action: 'ACTIVATE', alarm: 1 })).toEqual({
      action: 'ACTIVATE',
      alarm: 'NOSPACE',
    });
  });

  test('messages within messages', () => {
    const compare = [{ result: 'EQUAL', target: 'VERSION', key: 'YQ==', version: '1' }];
    const success = [{ requestPut: { key: 'YQ==' } }];
    expect(from('TxnRequest', { compare, success })).toEqual({
      compare: [{ ...compare[0], key: Buffer.from('a') }],
      success: [{ request_put: { key: Buffer.from('a') } }],
    });
  });

  test.each([
    ['PutRequest', [], 'an array is not a JSON object'],
    ['PutRequest', { key: 1 }, 'key: a number is not base64 text'],
    ['PutRequest', { key: 'Zm9!' }, 'key: illegal base64 data'],
    ['PutRequest', { prev_kv: 'yes' }, 'prev_kv: a string is not a boolean'],
    ['RangeRequest', { limit: 1.5 }, 'limit: 1.5 is not an integer'],
    ['RangeRequest', { limit: '9223372036854775808' }, 'is out of range'],
    ['RangeRequest', { sort_order: 'FOO' }, 'unknown value "FOO" for enum SortOrder'],
    ['TxnRequest', { compare: {} }, 'compare: an object is not an array'],
  ])('%s: %j is refused', (type, json, text) => {
    expect(() => from(type, json)).toThrow(text);
  });
});

describe('answers', () => {
  const to = (type: string, message: Record<string, unknown>): unknown =>
    mapping.toJson(`etcdserverpb.${type}`, message);

  test('leave out what has its default value, but not empty messages', () => {
    const kv = { key: Buffer.from('a'), value: Buffer.alloc(0), version: '1', lease: '0' };
    expect(
      to('WatchResponse', {
        watch_id: '0',
        canceled: false,
        cancel_reason: '',
        header: { revision: '3', member_id: '0' },
        events: [
          { type: 'PUT', kv, prev_kv: null },
          { type: 'DELETE', kv: {} },
        ],
      }),
    ).toEqual({
      header: { revision: '3' },
      events: [{ kv: { key: 'YQ==', version: '1' } }, { type: 'DELETE', kv: {} }],
    });
  });
});

describe('bodies', () => {
  const text = '{"a":"}\\"{"} [1,[2]]\n{"b":{}}';
  const values = ['{"a":"}\\"{"}', '[1,[2]]', '{"b":{}}'];

  test('are cut into their values, however they arrive', () => {
    for (let size = 1; size <= text.length; size++) {
      const cut = new JsonValues();
      const found: string[] = [];
      for (let at = 0; at < text.length; at += size)
        found.push(...cut.push(text.slice(at, at + size)));
      expect(found.map((value) => value.trim())).toEqual(values);
      expect(cut.rest).toBe('');
    }
  });

  test('keep what is incomplete', () => {
    const cut = new JsonValues();
    expect(cut.push('{"a":')).toEqual([]);
    expect(cut.rest).toBe('{"a":');
  });
});
