import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differs } from './differences.ts';
import { Target } from './target.ts';

/** The JSON gateway, as `curl` uses it. */
const target = new Target();
let timed: Promise<string>;
beforeAll(async () => {
  await target.start();
  // Its time, enough for its beginning on whatever machine, passes while the others are tested.
  timed = watchFor('5S');
});
afterAll(() => target.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function post(
  path: string,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; json: Json }> {
  const answer = await fetch(`http://${target.members.endpoints[0]}/v3/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  });
  return { status: answer.status, json: (await answer.json()) as Json };
}

type Json = Readonly<Record<string, unknown>>;

/** All lines of a watch that may take so long. */
async function watchFor(timeout: string): Promise<string> {
  const answer = await fetch(`http://${target.members.endpoints[0]}/v3/watch`, {
    method: 'POST',
    body: JSON.stringify({ create_request: { key: base64('nothing') } }),
    headers: { 'grpc-timeout': timeout },
  });
  return answer.text();
}

test('bytes are base64, numbers of 64 bits are text, and what is not said is left out', async () => {
  await post('kv/put', { key: base64('foo'), value: base64('bar') });
  const { status, json } = await post('kv/range', { key: base64('foo') });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    kvs: [{ key: base64('foo'), value: base64('bar'), version: '1' }],
    count: '1',
  });
  expect(json).not.toHaveProperty('more');
  expect(typeof (json['header'] as Json)['revision']).toBe('string');
});

test('fields go by both of their names, numbers as numbers or as text, enums by name or number', async () => {
  for (const asked of [
    { key: base64('foo'), keys_only: true, limit: '1', sort_order: 'DESCEND' },
    { key: base64('foo'), keysOnly: true, limit: 1, sortOrder: 2 },
  ]) {
    const { json } = await post('kv/range', asked);
    expect((json['kvs'] as Json[])[0]).not.toHaveProperty('value');
  }
});

test('transactions', async () => {
  const { json } = await post('kv/txn', {
    compare: [{ result: 'EQUAL', target: 'VERSION', key: base64('foo'), version: '1' }],
    success: [{ requestPut: { key: base64('txn'), value: base64('yes') } }],
    failure: [{ requestRange: { key: base64('foo') } }],
  });
  expect(json).toMatchObject({ succeeded: true, responses: [{ response_put: {} }] });
});

test.each([
  ['kv/range', {}, 400, 3, 'etcdserver: key is not provided'],
  [
    'kv/range',
    { key: base64('foo'), revision: '99999' },
    400,
    11,
    'etcdserver: mvcc: required revision is a future revision',
  ],
  ['kv/lease/revoke', { ID: '99' }, 404, 5, 'etcdserver: requested lease not found'],
  ['cluster/member/remove', { ID: '5' }, 404, 5, 'etcdserver: member not found'],
  ['election/resign', {}, 500, 2, '"leader" field must be provided'],
  ['kv/range', 'null', 400, 3, 'etcdserver: key is not provided'],
  ['lease/grant', { TTL: '9000000001' }, 400, 11, 'etcdserver: too large lease TTL'],
  ['kv/lease/revoke', { ID: '99' }, 404, 5, 'etcdserver: requested lease not found'],
  ['cluster/member/add', { peerURLs: ['x'] }, 400, 3, 'etcdserver: given member URLs are invalid'],
  ['auth/user/add', {}, 400, 3, 'etcdserver: user name is empty'],
  ['lock/lock', { name: 'bA==', lease: '99' }, 500, 2, 'etcdserver: requested lease not found'],
  ['election/leader', { name: 'bA==' }, 500, 2, 'election: no leader'],
  ['lease/keepalive', '{"ID":', 500, 2, 'unexpected EOF'],
])('%s %j is refused as over gRPC', async (path, body, status, code, error) => {
  expect(await post(path, body)).toEqual({ status, json: { error, message: error, code } });
});

test.each([
  ['auth/enable', {}],
  ['auth/user/get', { name: 'x' }],
  ['auth/role/revoke', { role: 'x' }],
])('%s %j is refused as a precondition that failed', async (path, body) => {
  const { status, json } = await post(path, body);
  const code = differs('HTTP code of a failed precondition', { etcd: 412, quorate: 400 });
  expect([status, json['code']]).toEqual([code, 9]);
});

test.each(['1H', '999999999S', '+5S', '0S', ''])('within Grpc-Timeout %j', async (timeout) => {
  const headers = { 'Grpc-Timeout': timeout };
  expect((await post('kv/range', { key: base64('foo') }, headers)).status).toBe(200);
});

test.each([
  ['-1S', 504, 4, 'context deadline exceeded'],
  ['x', 400, 3, 'invalid grpc-timeout: x'],
  ['S', 400, 3, 'invalid grpc-timeout: S'],
  ['5', 400, 3, 'invalid grpc-timeout: 5'],
  ['1s', 400, 3, 'invalid grpc-timeout: 1s'],
  ['1.5S', 400, 3, 'invalid grpc-timeout: 1.5S'],
])('Grpc-Timeout %s: %d', async (timeout, status, code, error) => {
  expect(await post('kv/range', { key: base64('foo') }, { 'Grpc-Timeout': timeout })).toEqual({
    status,
    json: { error, message: error, code },
  });
});

test('an enum’s number that nobody knows is the method’s matter', async () => {
  const range = await post('kv/range', { key: base64('foo'), sort_order: 7 });
  expect(range.status).toBe(differs('an unknown sort order', { etcd: 200, quorate: 400 }));
  const compare = [{ key: base64('foo'), target: 'MOD', result: 9 }];
  const txn = await post('kv/txn', { compare });
  expect(txn.status).toBe(differs('an unknown comparison', { etcd: 200, quorate: 400 }));
  expect((await post('kv/range', { key: base64('foo'), sort_order: 'BAD' })).status).toBe(400);
});

test('ids of 63 bits', async () => {
  const ID = '9223372036854775807';
  expect(await post('lease/grant', { ID, TTL: '100' })).toMatchObject({ json: { ID } });
  expect((await post('kv/put', { key: base64('wide'), lease: ID })).status).toBe(200);
  expect(await post('lease/timetolive', { ID, keys: true })).toMatchObject({
    json: { ID, keys: [base64('wide')] },
  });
  const { json } = await post('lock/lock', { name: base64('wide'), lease: ID });
  expect(json['key']).toBe(base64('wide/7fffffffffffffff'));
  const elected = await post('election/campaign', { name: base64('e'), lease: ID, value: 'eA==' });
  expect(elected.json['leader']).toMatchObject({ lease: ID });
  expect((await post('lease/revoke', { ID })).status).toBe(200);
  const beyond = await post('lease/grant', { ID: '9223372036854775808', TTL: '100' });
  expect(beyond).toMatchObject({ status: 400, json: { code: 3 } });
});

test('what is too large', async () => {
  const { status, json } = await post('kv/put', { key: 'aw==', value: 'A'.repeat(4_000_000) });
  expect([status, json['code']]).toEqual([429, 8]);
});

test.each([
  ['GET', '/v3/kv/range', 405],
  ['DELETE', '/v3/kv/range', 405],
  ['GET', '/v3/watch', 405],
  ['HEAD', '/version', 405],
  ['POST', '/v3/kv/nope', 404],
  ['POST', '/v3/kv/range/', 404],
  ['POST', '/v3beta/kv/range', 400],
  ['GET', '/v3beta/kv/range', 405],
  ['POST', '/v3alpha/kv/range', 404],
  ['GET', '/v2/keys', 404],
  ['GET', '/nope', 404],
])('%s %s: %d', async (method, path, status) => {
  const answer = await fetch(`http://${target.members.endpoints[0]}${path}`, { method });
  expect(answer.status).toBe(status);
});

test.each([
  'xyz',
  '5',
  'true',
  '"s"',
  '{"key":',
  '[]',
  '{"key":"***"}',
  '{"key":5}',
  '{"limit":"x"}',
  '{"limit":1.5}',
  '{"sort_order":"BAD"}',
])('%s is no request', async (body) => {
  const { status, json } = await post('kv/range', body);
  expect([status, json['code']]).toEqual([400, 3]);
});

test('a body that is no request is refused in words of its own', async () => {
  const { json } = await post('kv/range', { key: 5 });
  expect(json['message']).toBe(
    differs('words about a body that is no request', {
      etcd: 'json: cannot unmarshal number into Go value of type []uint8',
      quorate: 'key: a number is not base64 text',
    }),
  );
});

test('base64 in lines, and without its end', async () => {
  expect((await post('kv/range', { key: 'Zm9\n2' })).status).toBe(200);
  const short = await post('kv/range', { key: 'YQ' });
  expect(short.status).toBe(differs('base64 without its end', { etcd: 400, quorate: 200 }));
});

test.each(['//version', '/./version', '/v3/../version'])('%s is not clean', async (path) => {
  const [host, port] = (target.members.endpoints[0] ?? '').split(':');
  const asked = get({ host, port, path });
  const [{ statusCode }] = (await once(asked, 'response')) as [IncomingMessage];
  asked.destroy();
  expect(statusCode).toBe(differs('paths that are not clean', { etcd: 301, quorate: 404 }));
});

test('a stream of no messages is a stream of no answers', async () => {
  const answer = await fetch(`http://${target.members.endpoints[0]}/v3/lease/keepalive`, {
    method: 'POST',
  });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'application/json',
    '',
  ]);
});

test('leases, locks and members', async () => {
  const { json: granted } = await post('lease/grant', { TTL: '60' });
  const { ID } = granted;
  expect(await post('lease/keepalive', { ID })).toMatchObject({ json: { result: { TTL: '60' } } });
  expect(await post('lease/timetolive', { ID })).toMatchObject({ json: { grantedTTL: '60' } });
  const { json: locked } = await post('lock/lock', { name: base64('l'), lease: ID });
  expect(Buffer.from(String(locked['key']), 'base64').toString()).toMatch(/^l\/[0-9a-f]+$/);
  expect((await post('lock/unlock', { key: locked['key'] })).status).toBe(200);
  const { json } = await post('cluster/member/list', {});
  expect(json['members']).toHaveLength(3);
  // Members are not part of any revision.
  expect(json['header']).not.toHaveProperty('revision');
});

test('a stream ends at its Grpc-Timeout, and says so', async () => {
  const [created = '', ended = ''] = (await timed).split('\n');
  expect(JSON.parse(created)).toMatchObject({ result: { created: true } });
  // etcd's code depends on which of its two ends notices first.
  expect(JSON.parse(ended)).toMatchObject({
    error: { message: 'context deadline exceeded', http_status: expect.any(String) },
  });
});
