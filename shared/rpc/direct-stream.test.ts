import { EventEmitter } from 'node:events';
import http2 from 'node:http2';
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DirectStream } from './direct-stream.ts';
import { createServer, listen } from './server.ts';
import { serveDirectly } from './serve-directly.ts';

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => {
    if (bytes.toString() === 'undecodable') throw new Error('invalid wire type');
    return bytes.toString();
  },
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const echo: ServiceDefinition = {
  Echo: { path: '/test.Echo/Echo', requestStream: true, responseStream: true, ...text },
  Count: { path: '/test.Echo/Count', requestStream: false, responseStream: true, ...text },
};

type Call = ServerDuplexStream<string, string>;

/** The same stream by grpc-js alone and directly: nobody can tell them apart. */
describe.each(['grpc-js', 'direct'])('a stream served by %s', (how) => {
  const server = createServer({ 'grpc.max_receive_message_length': 1 << 20 });
  let client: Client;
  let address: string;
  let cancelled: Promise<void>;

  beforeAll(async () => {
    let heard: () => void;
    cancelled = new Promise((resolve) => {
      heard = resolve;
    });
    const handlers = {
      Echo: (call: Call) => {
        const suffix = call.metadata.get('suffix').join(',');
        call.on('cancelled', () => heard());
        call.on('data', (message: string) => {
          if (message === 'fail') {
            call.emit('error', { code: status.NOT_FOUND, details: 'no such thing: ä' });
          } else if (message === 'later') {
            call.pause();
            setImmediate(() => {
              call.write('was later');
              call.resume();
            });
          } else for (let i = 0; i < 3; i++) call.write(`${message}${suffix}`);
        });
        call.on('end', () => call.end());
      },
      Count: (call: ServerWritableStream<string, string>) => {
        let written = 0;
        const write = (): void => {
          while (written < Number(call.request)) {
            written++;
            if (call.write(String(written).repeat(10_000))) continue;
            call.once('drain', write);
            return;
          }
          call.end();
        };
        if (call.request === 'fail') call.emit('error', { code: status.ABORTED, details: 'no' });
        else write();
      },
    };
    server.addService(echo, handlers);
    if (how === 'direct') serveDirectly(server, echo, handlers, 1 << 20);
    const port = await listen(server, '127.0.0.1:0');
    address = `http://127.0.0.1:${port}`;
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  const open = (metadata = new Metadata()): ClientDuplexStream<string, string> =>
    client.makeBidiStreamRequest(
      '/test.Echo/Echo',
      text.requestSerialize,
      text.responseDeserialize,
      metadata,
    );

  /** What comes, and how it ends: `CODE details`. */
  async function all(stream: ClientDuplexStream<string, string>): Promise<[string[], string]> {
    const seen: string[] = [];
    stream.on('data', (message: string) => seen.push(message));
    const how = await new Promise<string>((resolve) => {
      stream.on('error', ({ code, details }: ServiceError) => resolve(`${code} ${details}`));
      stream.on('status', ({ code }) => {
        if (code === status.OK) resolve('0');
      });
    });
    return [seen, how];
  }

  test('everything comes in order, also what is empty or large, until both have ended', async () => {
    const metadata = new Metadata();
    metadata.set('suffix', '!');
    const stream = open(metadata);
    const long = 'x'.repeat(900_000);
    for (const message of ['a', '', 'later', long, 'b']) stream.write(message);
    stream.end();
    const thrice = (message: string): string[] => Array.from({ length: 3 }, () => `${message}!`);
    const expected = [...thrice('a'), ...thrice(''), 'was later', ...thrice(long), ...thrice('b')];
    expect(await all(stream)).toEqual([expected, '0']);
  });

  test('an error ends it, after what was written before or instead of anything', async () => {
    const late = open();
    late.write('a');
    late.write('fail');
    expect(await all(late)).toEqual([['a', 'a', 'a'], `${status.NOT_FOUND} no such thing: ä`]);
    const early = open();
    early.write('fail');
    expect(await all(early)).toEqual([[], `${status.NOT_FOUND} no such thing: ä`]);
  });

  test('what is too large or cannot be read ends it', async () => {
    const large = open();
    large.write('x'.repeat(2 << 20));
    const [, tooLarge] = await all(large);
    expect(tooLarge).toMatch(new RegExp(`^${status.RESOURCE_EXHAUSTED} .*larger than max`));
    const garbage = open();
    garbage.write('undecodable');
    const [, unread] = await all(garbage);
    expect(unread).toMatch(new RegExp(`^${status.INTERNAL} Error deserializing request`));
  });

  test('a stream whose time is up ends, and the handler hears of it', async () => {
    const session = http2.connect(address);
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/test.Echo/Echo',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '1m',
    });
    stream.on('error', () => undefined);
    stream.resume();
    const how = await new Promise((resolve) => {
      stream.on('response', (headers) => {
        if (headers['grpc-status'] !== undefined) resolve(headers['grpc-status']);
      });
      stream.on('trailers', (trailers) => resolve(trailers['grpc-status']));
    });
    expect(how).toBe(String(status.DEADLINE_EXCEEDED));
    await expect(cancelled).resolves.toBeUndefined();
    session.destroy();
  });

  const count = (request: string) =>
    client.makeServerStreamRequest(
      '/test.Echo/Count',
      text.requestSerialize,
      text.responseDeserialize,
      request,
    );

  test('one message is answered by many, as fast as the client reads', async () => {
    const lengths: number[] = [];
    for await (const message of count('50')) lengths.push((message as string).length);
    expect(lengths).toHaveLength(50);
    expect(lengths.at(-1)).toBe(20_000);
  });

  test('one message is answered by an error', async () => {
    const error = await new Promise((resolve) => {
      count('fail').on('error', resolve).resume();
    });
    expect(error).toMatchObject({ code: status.ABORTED, details: 'no' });
  });

  test('the handler hears of a client that cancels', async () => {
    const stream = open();
    stream.on('error', () => undefined);
    stream.once('data', () => stream.cancel());
    stream.write('a');
    await expect(cancelled).resolves.toBeUndefined();
  });
});

/** As much of a stream of HTTP/2 as is listened to. */
class Arriving extends EventEmitter {
  readonly session = undefined;
  readonly headersSent = false;
  pause(): void {}
  resume(): void {}
  respond(): void {}
}

const unending = (stream: Arriving): DirectStream => {
  const [definition] = Object.values(echo);
  const known = definition as MethodDefinition<unknown, unknown>;
  return new DirectStream(known, 1 << 20, stream as unknown as http2.ServerHttp2Stream, {});
};

test('what is written while the client does not read is told to wait', () => {
  const stream = Object.assign(new Arriving(), {
    writableLength: 0,
    writableHighWaterMark: 1000,
    write: () => true,
  });
  const call = unending(stream);
  expect(call.write('x'.repeat(500))).toBe(true);
  expect(call.write('x'.repeat(500))).toBe(false);
  const drained = vi.fn();
  call.on('drain', drained);
  stream.emit('drain');
  expect(drained).toHaveBeenCalledOnce();
});

test('a message that comes in many pieces is not copied with each of them', () => {
  const stream = new Arriving();
  const call = unending(stream);
  const messages: unknown[] = [];
  call.on('data', (message) => messages.push(message));
  const text = 'x'.repeat(50_000);
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), Buffer.from(text)]);
  framed.writeUInt32BE(text.length, 1);
  const grown = vi.spyOn(Buffer, 'allocUnsafeSlow');
  const joined = vi.spyOn(Buffer, 'concat');
  const bytes = Buffer.concat([framed, framed]);
  for (const byte of bytes) stream.emit('data', Buffer.of(byte));
  expect(messages).toEqual([text, text]);
  expect(joined).toHaveBeenCalledTimes(1);
  const sizes = grown.mock.calls.map(([size]) => size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * bytes.length);
  vi.restoreAllMocks();
});

test('what a client says on a stream that is over is not kept', () => {
  const stream = new Arriving();
  unending(stream).emit('error', { code: status.UNAVAILABLE, details: 'no leader' });
  const grown = vi.spyOn(Buffer, 'allocUnsafeSlow');
  for (let i = 0; i < 100; i++) stream.emit('data', Buffer.alloc(100_000));
  expect(grown).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
