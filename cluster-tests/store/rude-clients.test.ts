import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientSessionOptions,
  connect as connectHttp2,
} from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { Stores } from './stores.ts';

/** Whatever comes in, the member answers the others, and its memory stays bounded. */
const stores = new Stores();
const seed = inject('seed');

beforeAll(async () => {
  await stores.reserve('a');
  stores.start('a', ['a'], '--max-concurrent-streams=50');
  await stores.ready('a');
});
afterAll(() => stores.destroy());

const open = (options: ClientSessionOptions = {}): ClientHttp2Session => {
  const session = connectHttp2(`http://${stores.endpoint('a')}`, options);
  session.on('error', () => undefined);
  return session;
};

/** One unary call with these bytes as its message; how it ended. */
async function call(path: string, body: Buffer): Promise<{ code: string; message: string }> {
  const session = open();
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const ended = new Promise<{ code: string; message: string }>((resolve) => {
    const look = (headers: Record<string, unknown>): void => {
      const { 'grpc-status': code, 'grpc-message': message } = headers;
      if (typeof code === 'string') resolve({ code, message: decodeURIComponent(String(message)) });
    };
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('error', () => resolve({ code: 'reset', message: '' }));
    stream.on('close', () => resolve({ code: 'reset', message: '' }));
  });
  stream.resume();
  stream.end(body);
  const how = await ended;
  session.destroy();
  return how;
}

const framed = (message: Buffer): Buffer => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
};

test('a message that is none, and one that is too large, are answered', async () => {
  const bad = await call('/etcdserverpb.KV/Put', framed(Buffer.from([0x0a, 0xff, 0xff, 0x01])));
  expect(['3', '13']).toContain(bad.code);
  const large = await call('/etcdserverpb.KV/Put', framed(Buffer.alloc(3 << 20)));
  expect(large.code).toBe('8');
  expect((await call('/etcdserverpb.KV/Nothing', framed(Buffer.alloc(0)))).code).toBe('12');
  const compressed = framed(Buffer.from('x'));
  compressed.writeUInt8(1, 0);
  expect((await call('/etcdserverpb.KV/Put', compressed)).code).not.toBe('0');
});

test(`bytes that are no protocol end their own connection alone (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  const starts = [
    '',
    preface,
    `${preface}\0\0\0\x04\0\0\0\0\0`,
    'GET /health HTTP/1.1\r\n',
    'PRI * HT',
  ];
  const host = stores.endpoint('a').split(':');
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = connect(Number(host[1]), host[0]);
      // Ended or reset.
      const over = once(socket, 'close').catch(() => undefined);
      const garbage = Buffer.from(Array.from({ length: rng.int(400) }, () => rng.int(256)));
      socket.write(
        Buffer.concat([Buffer.from(starts[rng.int(starts.length)] ?? '', 'latin1'), garbage]),
      );
      socket.resume();
      socket.end();
      await over;
    }),
  );
  expect(await stores.kv('a').get('ready')).toBe('a');
});

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload?: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload?.length ?? 0, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return payload ? Buffer.concat([header, payload]) : header;
}

/** A header as HPACK has it without its tables; of up to 16 KiB. */
function header(name: string, value: string): Buffer {
  const rest = value.length - 127;
  const length = rest < 0 ? [value.length] : [127, (rest & 127) | 128, rest >> 7];
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from(length),
    Buffer.from(value),
  ]);
}

const headersOf = (method: string): Buffer =>
  Buffer.concat([
    header(':method', 'POST'),
    header(':scheme', 'http'),
    header(':path', `/etcdserverpb.${method}`),
    header(':authority', 'x'),
    header('content-type', 'application/grpc'),
    header('te', 'trailers'),
  ]);

const [data, headers, reset, settings, ping, continuation] = [0, 1, 3, 4, 6, 9];
const [endStream, endHeaders] = [1, 4];
const cancel = Buffer.from([0, 0, 0, 8]);
const key = Buffer.from([0x0a, 1, 0x61]);
const many = (count: number, make: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

/** `count` calls from the number `from` on, each cancelled at once. */
const cancelled = (method: string, message: Buffer, from: number, count: number): Buffer =>
  many(count, (i) => {
    const id = 1 + 2 * (from + i);
    return Buffer.concat([
      frame(headers, endHeaders, id, headersOf(method)),
      frame(data, 0, id, framed(message)),
      frame(reset, 0, id, cancel),
    ]);
  });

/** What is sent again and again, as long as the connection stands. */
const floods: Readonly<Record<string, (round: number) => Buffer>> = {
  pings: () => many(1000, () => frame(ping, 0, 0, Buffer.alloc(8))),
  settings: () => many(1000, () => frame(settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))),
  'empty data': (round) =>
    Buffer.concat([
      round === 0 ? frame(headers, endHeaders, 1, headersOf('KV/Range')) : Buffer.alloc(0),
      many(1000, () => frame(data, 0, 1)),
    ]),
  'headers without an end': (round) =>
    Buffer.concat([
      round === 0 ? frame(headers, 0, 1, headersOf('KV/Range')) : Buffer.alloc(0),
      many(100, () => frame(continuation, 0, 1, header('x-a', 'b'.repeat(1000)))),
    ]),
  'cancelled ranges': (round) => cancelled('KV/Range', key, 500 * round, 500),
  'cancelled watches': (round) =>
    cancelled('Watch/Watch', Buffer.concat([Buffer.from([0x0a, 3]), key]), 500 * round, 500),
  'too large a frame': () => frame(data, endStream, 1, Buffer.alloc(100_000)),
  'headers that are none': () => frame(headers, endHeaders, 1, Buffer.alloc(5, 0xff)),
};

test.each(Object.entries(floods))('%s cost the others nothing', async (_, flood) => {
  const [host, port] = stores.endpoint('a').split(':');
  const before = await resident();
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  const over = once(socket, 'close').catch(() => undefined);
  await once(socket, 'connect');
  socket.write(
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(settings, 0, 0)]),
  );
  await once(socket, 'data');
  socket.resume();
  socket.write(frame(settings, 1, 0));
  for (let round = 0; round < 50 && !socket.closed; round++) {
    if (socket.write(flood(round))) await stores.kv('a').get('ready');
    else await Promise.race([once(socket, 'drain').catch(() => undefined), over]);
  }
  expect(await stores.kv('a').get('ready')).toBe('a');
  expect((await resident()) - before).toBeLessThan(200 << 20);
  socket.destroy();
});

test('no connection opens more streams than it may', async () => {
  const session = open();
  // The limit comes with the first request, or before it.
  const stream = session.request({ ':method': 'POST', ':path': '/etcdserverpb.KV/Range' });
  stream.on('error', () => undefined);
  await once(session, 'remoteSettings');
  stream.close();
  expect(session.remoteSettings.maxConcurrentStreams).toBe(50);
  session.destroy();
});

async function resident(): Promise<number> {
  const text = await (await fetch(`http://${stores.endpoint('a')}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1]);
}

/** Calls a method on that many streams of one connection, and reads no more than each answer's beginning. */
function callWithoutReading(path: string, message: Buffer, streams: number): ClientHttp2Session {
  const session = open();
  for (let i = 0; i < streams; i++) {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.end(framed(message));
  }
  return session;
}

const bulk = Buffer.concat([Buffer.from([0x80, 0x9f, 0x49]), Buffer.alloc(1_200_000, 'v')]);

test.each([
  // { key: "half", value: … }
  ['KV/Put', '/etcdserverpb.KV/Put', '\x0a\x04half\x12', 'application/grpc'],
  ['KV/Put as something else', '/etcdserverpb.KV/Put', '\x0a\x04half\x12', 'application/grpc+x'],
  // { key: … }
  ['Lock/Unlock', '/v3lockpb.Lock/Unlock', '\x0a', 'application/grpc'],
])(
  '%s: requests that are begun and not ended cost little; those that are ended are served',
  async (_, path, start, type) => {
    const before = await resident();
    const message = framed(Buffer.concat([Buffer.from(start, 'latin1'), bulk]));
    const sessions = Array.from({ length: 12 }, () => open({ maxSessionMemory: 1000 }));
    const begun = sessions.map((session) =>
      Array.from({ length: 50 }, () => {
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': type,
          te: 'trailers',
        });
        stream.on('error', () => undefined);
        stream.write(message.subarray(0, 1_190_000));
        return stream;
      }),
    );
    // What it takes until all of it could have come.
    for (let i = 0; i < 100; i++) await stores.kv('a').put('ready', 'a');
    const bytes = begun.flat().length * 1_190_000;
    expect((await resident()) - before).toBeLessThan(bytes / 2);
    // The rest waits in the clients.
    const sent = sessions.reduce((sum, { socket }) => sum + (socket?.bytesWritten ?? 0), 0);
    expect(sent).toBeLessThan(bytes / 2);
    const [first = []] = begun;
    const statuses = first.map(async (stream) => {
      stream.end(message.subarray(1_190_000));
      const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
      return trailers['grpc-status'];
    });
    for (const stream of first) stream.resume();
    expect(new Set(await Promise.all(statuses))).toEqual(new Set(['0']));
    expect(await stores.kv('a').get('ready')).toBe('a');
    for (const session of sessions) session.destroy();
  },
);

test('watchers that read nothing cost no memory', async () => {
  const session = open();
  // create_request { key: "big" }
  const create = framed(Buffer.from([0x0a, 0x05, 0x0a, 0x03, 0x62, 0x69, 0x67]));
  const watchers = 40;
  for (let i = 0; i < watchers; i++) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/etcdserverpb.Watch/Watch',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.write(create);
    await once(stream, 'response');
    // Never read: the window closes after 64 KiB.
  }
  const before = await resident();
  const value = Buffer.alloc(500_000, 'v');
  const writes = 60;
  for (let i = 0; i < writes; i++) await stores.kv('a').put('big', value);
  const grown = (await resident()) - before;
  // All of it for all of them would be 1.2 GB.
  expect(grown).toBeLessThan((watchers * writes * value.length) / 3);
  expect(await stores.kv('a').get('ready')).toBe('a');
  session.destroy();
});

test('ranges and backups that nobody reads cost no memory, and come whole when they are read', async () => {
  const value = Buffer.alloc(1 << 20, 'v');
  const keys = 20;
  for (let i = 0; i < keys; i++) await stores.kv('a').put(`large/${i}`, value);
  const before = await resident();
  // { key: "large/", range_end: "large0" }
  const range = Buffer.from('\x0a\x06large/\x12\x06large0', 'latin1');
  const streams = 40;
  const rude = [
    callWithoutReading('/etcdserverpb.KV/Range', range, streams),
    // A transaction with that range, if nothing else.
    callWithoutReading(
      '/etcdserverpb.KV/Txn',
      Buffer.concat([Buffer.from([0x12, range.length + 2, 0x0a, range.length]), range]),
      streams,
    ),
    callWithoutReading('/etcdserverpb.Maintenance/Snapshot', Buffer.alloc(0), streams),
  ];
  const polite = await call('/etcdserverpb.KV/Range', framed(range));
  expect(polite.code).toBe('0');
  expect(await stores.kv('a').get('ready')).toBe('a');
  const grown = (await resident()) - before;
  // All of it would be 2.4 GB; one answer on its way, its making and what is garbage by then stay.
  expect(grown).toBeLessThan(12 * keys * value.length);
  for (const session of rude) session.destroy();
});

test('large answers on one connection all come, one after the other', async () => {
  const range = framed(Buffer.from('\x0a\x06large/\x12\x06large0', 'latin1'));
  // With Node's usual windows it would be the test that takes its time.
  const windowBytes = 4 << 20;
  const session = open({ settings: { initialWindowSize: windowBytes } });
  session.once('connect', () => session.setLocalWindowSize(windowBytes));
  const read = async (): Promise<number> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/etcdserverpb.KV/Range',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(range);
    let length = 0;
    for await (const chunk of stream) length += (chunk as Buffer).length;
    return length;
  };
  const lengths = await Promise.all(Array.from({ length: 3 }, read));
  expect(new Set(lengths).size).toBe(1);
  expect(lengths[0]).toBeGreaterThan(20 << 20);
  session.destroy();
});
