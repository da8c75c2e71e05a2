import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differs } from './differences.ts';
import { Target } from './target.ts';

/** Requests that no client library sends: both answer them with the same codes, and do nothing. */
const target = new Target();
beforeAll(() => target.start());
afterAll(() => target.stop());

async function codeOf(...call: Parameters<typeof statusOf>): Promise<string> {
  return (await statusOf(...call)).split(' ')[0] ?? '';
}

/** How a call with this body ends, `CODE text`, on a connection of its own: a server need not read it all. */
async function statusOf(
  path: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<string> {
  const session = connect(`http://${target.members.endpoints[0]}`);
  // The stream hears of it.
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.resume();
  stream.end(body);
  const code = new Promise<string>((resolve, reject) => {
    const look = (found: Record<string, unknown>): void => {
      const { 'grpc-status': code, 'grpc-message': message = '' } = found;
      if (typeof code === 'string') resolve(`${code} ${decodeURIComponent(String(message))}`);
    };
    stream.on('response', look).on('trailers', look);
    stream.on('error', reject).on('close', () => reject(new Error('no status came')));
  });
  try {
    return await code;
  } finally {
    session.destroy();
  }
}

function framed(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const internal = '13';
const methods = [
  'KV/Range',
  'KV/Put',
  'KV/DeleteRange',
  'KV/Txn',
  'KV/Compact',
  'Lease/LeaseGrant',
  'Lease/LeaseRevoke',
  'Lease/LeaseKeepAlive',
  'Watch/Watch',
  'Cluster/MemberAdd',
  'Maintenance/Alarm',
  'Auth/UserAdd',
  'Auth/RoleGrantPermission',
];

describe.each(methods)('%s refuses', (method) => {
  const code = (...bytes: number[]) =>
    codeOf(`/etcdserverpb.${method}`, framed(Buffer.from(bytes)));

  test('a first field of another type', async () => {
    expect(await code(0x0d, 1, 2, 3, 4)).toBe(internal);
  });

  test('a field 0', async () => {
    expect(await code(0x02, 1, 0x61)).toBe(internal);
  });

  test('a field that is not all there', async () => {
    expect(await code(0x7a, 0x20, 1)).toBe(internal);
    expect(await code(0x79, 1)).toBe(internal);
    expect(await code(0x78, 0xff)).toBe(internal);
  });

  test('a group that is a known field, has no end or no beginning', async () => {
    expect(await code(0x0b, 0x0c)).toBe(internal);
    expect(await code(0x7b, 8, 1)).toBe(internal);
    expect(await code(0x7c)).toBe(internal);
  });

  test('a number that has no end', async () => {
    expect(await code(0x78, ...Array.from({ length: 12 }, () => 0xff))).toBe(internal);
  });

  test('a compressed message that does not say how', async () => {
    const body = framed(Buffer.from([0x0a, 1, 0x61]), 1);
    expect(await codeOf(`/etcdserverpb.${method}`, body)).toBe(internal);
  });

  test('what is too large', async () => {
    const body = framed(Buffer.alloc(3 << 20));
    expect(await codeOf(`/etcdserverpb.${method}`, body)).toBe('8');
  });
});

test('fields of a later version are passed over', async () => {
  // Field 1,000 beside a key.
  const body = framed(Buffer.from([0x0a, 1, 0x61, 0xc2, 0x3e, 1, 0x62]));
  expect(await codeOf('/etcdserverpb.KV/Range', body)).toBe('0');
});

test('so are groups, with groups in them', async () => {
  const body = framed(
    Buffer.from([0x0a, 1, 0x61, 0xc3, 0x3e, 8, 1, 0x1b, 0x12, 1, 0x62, 0x1c, 0xc4, 0x3e]),
  );
  for (const method of ['Range', 'Put', 'DeleteRange']) {
    expect(await codeOf(`/etcdserverpb.KV/${method}`, body)).toBe('0');
  }
});

test('within messages within messages, too', async () => {
  // Txn { success { request_put { a field of another type } } }
  const put = [0x0d, 1, 2, 3, 4];
  const op = [0x12, put.length, ...put];
  const body = framed(Buffer.from([0x12, op.length, ...op]));
  expect(await codeOf('/etcdserverpb.KV/Txn', body)).toBe(internal);
});

test('nobody serves what does not exist', async () => {
  const nothing = framed(Buffer.alloc(0));
  const answers = {
    '/etcdserverpb.KV/Nothing': '12 unknown method Nothing for service etcdserverpb.KV',
    '/etcdserverpb.KV/range': '12 unknown method range for service etcdserverpb.KV',
    '/etcdserverpb.KV/Range/': '12 unknown service etcdserverpb.KV/Range',
    '/nothing.Nothing/Nothing': '12 unknown service nothing.Nothing',
  };
  for (const [path, answer] of Object.entries(answers))
    expect(await statusOf(path, nothing)).toBe(answer);
});

test('what is no message, or comes when its time is up', async () => {
  const path = '/etcdserverpb.KV/Range';
  const range = framed(Buffer.of(10, 1, 97));
  expect(await statusOf(path, Buffer.alloc(0))).toBe('2 EOF');
  expect(await statusOf(path, range.subarray(0, 3))).toBe('2 unexpected EOF');
  expect(await statusOf(path, range.subarray(0, 6))).toBe('2 unexpected EOF');
  expect(await statusOf(path, framed(Buffer.of(10, 1, 97), 2))).toBe(
    '13 grpc: received unexpected payload format 2',
  );
  // etcd's code depends on which of its two ends notices first.
  const late = await statusOf(path, range, { 'grpc-timeout': '0S' });
  expect(late).toMatch(/^[24] context deadline exceeded$/);
});

test.each(['snappy', 'gzip', 'deflate'])('messages compressed by %s', async (encoding) => {
  const body = framed(Buffer.of(10, 1, 97), 1);
  const headers = { 'grpc-encoding': encoding };
  for (const method of ['etcdserverpb.KV/Range', 'etcdserverpb.Watch/Watch', 'v3lockpb.Lock/Lock'])
    expect(await codeOf(`/${method}`, body, headers)).toBe('12');
});

test('nothing of all that was done', async () => {
  const api = target.api(0);
  const { count } = await api.kv.range({ key: Buffer.of(0), range_end: Buffer.of(0) });
  expect(count).toBe('0');
  expect((await api.lease.leases({})).leases).toEqual([]);
  expect(await api.call('etcdserverpb.Auth/UserList', {})).toMatchObject({ users: [] });
});

test.each([{ 'grpc-timeout': 'x' }, { 'grpc-timeout': '5' }, { 'grpc-timeout': '123456789S' }])(
  'a deadline that is none is refused: %j',
  async (headers) => {
    const body = framed(Buffer.from([0x0a, 1, 0x61]));
    const ended = await statusOf('/etcdserverpb.KV/Range', body, headers).catch(String);
    const malformed = { etcd: /NGHTTP2_PROTOCOL_ERROR/, quorate: /^13 malformed grpc-timeout/ };
    expect(ended).toMatch(differs('how a call that is none of gRPC is refused', malformed));
  },
);

test.each(['application/json', 'application/grpc-web', ''])(
  'a body of another type is refused: %j',
  async (type) => {
    const body = framed(Buffer.from([0x0a, 1, 0x61]));
    const headers = { 'content-type': type };
    const ended = await statusOf('/etcdserverpb.KV/Range', body, headers).catch(String);
    const refused = {
      etcd: /NGHTTP2_PROTOCOL_ERROR/,
      quorate: /^3 invalid gRPC request content-type/,
    };
    expect(ended).toMatch(differs('how a call that is none of gRPC is refused', refused));
  },
);
