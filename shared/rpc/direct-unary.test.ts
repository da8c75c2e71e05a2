import http2 from 'node:http2';
import { Client, credentials, Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateError } from '#shared/base';
import { turnToAnswer } from './direct-unary.ts';
import { takesLists } from './direct-wire.ts';
import { fromServiceError } from './errors.ts';
import { serveDirectly } from './serve-directly.ts';
import { createServer, handleUnary, listen } from './server.ts';

const text = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => {
    if (bytes.toString() === 'undecodable') throw new Error('invalid wire type');
    return { text: bytes.toString() };
  },
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;
const echo: ServiceDefinition = { Echo: { path: '/test.Echo/Echo', ...text } };
const waiting: (() => void)[] = [];
let heardOfEnd: (() => void) | undefined;
const handlers = {
  Echo: handleUnary<{ text: string }, string>(async ({ text: request }, call) => {
    if (request === 'wait') await new Promise<void>((resolve) => waiting.push(resolve));
    if (request === 'in turn') await turnToAnswer(call);
    // A handler may begin anew, such as with the caller as the newest table knows him.
    if (request === 'in turn') await turnToAnswer(call);
    if (request === 'leave') {
      await new Promise<void>((resolve) => {
        call.on('cancelled', () => resolve());
        for (const reached of waiting.splice(0)) reached();
      });
      heardOfEnd?.();
    }
    if (request === 'refuse') throw new QuorateError('not-found', 'no such thing: ä', {});
    return `${request}${call.metadata.get('suffix').join(',')}`;
  }),
};

/** The same service by grpc-js alone and directly: nobody who does not compress can tell them apart. */
describe.each(['grpc-js', 'direct'])('a unary method served by %s', (how) => {
  const server = createServer({ 'grpc.max_receive_message_length': 1 << 20 });
  let client: Client;
  let address: string;

  beforeAll(async () => {
    server.addService(echo, handlers);
    if (how === 'direct') serveDirectly(server, echo, handlers, 1 << 20);
    address = `127.0.0.1:${await listen(server, '127.0.0.1:0')}`;
    client = new Client(address, credentials.createInsecure());
  });
  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  const call = (request: string, metadata = new Metadata(), options = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        '/test.Echo/Echo',
        text.requestSerialize,
        text.responseDeserialize,
        request,
        metadata,
        options,
        (error, response) => (error ? reject(error) : resolve(response ?? '')),
      );
    });

  test('answers, also what is empty or comes in many pieces', async () => {
    expect(await call('hello')).toBe('hello');
    expect(await call('')).toBe('');
    const long = 'x'.repeat(1_000_000);
    expect(await call(long)).toBe(long);
  });

  test('hands on metadata', async () => {
    const metadata = new Metadata();
    metadata.set('suffix', '!');
    expect(await call('hello', metadata)).toBe('hello!');
  });

  test('answers in turn, also where it is asked for twice', async () => {
    expect(await call('in turn')).toBe('in turn');
    expect(await call('in turn')).toBe('in turn');
  });

  test('errors keep their code, text and details', async () => {
    const error = await call('refuse').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: 'no such thing: ä' });
    expect(fromServiceError(error).code).toBe('not-found');
  });

  test('what cannot be decoded is refused', async () => {
    await expect(call('undecodable')).rejects.toMatchObject({ code: status.INTERNAL });
  });

  test('too large a message is refused', async () => {
    const error = await call('x'.repeat((1 << 20) + 1)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await call('still there')).toBe('still there');
  });

  test('compressed messages are understood by grpc-js alone, as etcd refuses them', async () => {
    const compressing = new Client(address, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    const answer = await new Promise((resolve) => {
      compressing.makeUnaryRequest(
        '/test.Echo/Echo',
        text.requestSerialize,
        text.responseDeserialize,
        'hello'.repeat(100),
        (error, response) => resolve(error ? `${error.code} ${error.details}` : response),
      );
    });
    const refusal = `${status.UNIMPLEMENTED} grpc: Decompressor is not installed for grpc-encoding "gzip"`;
    expect(answer).toBe(how === 'direct' ? refusal : 'hello'.repeat(100));
    compressing.close();
  });

  test.each(['client leaves', 'time is up'])('a handler hears that its %s', async (why) => {
    const heard = new Promise<void>((resolve) => {
      heardOfEnd = resolve;
    });
    const reached = new Promise<void>((resolve) => waiting.push(resolve));
    const session = http2.connect(`http://${address}`);
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/test.Echo/Echo',
      'content-type': 'application/grpc',
      ...(why === 'time is up' && { 'grpc-timeout': '300m' }),
    });
    stream.on('error', () => undefined);
    stream.resume();
    stream.end(Buffer.from('\0\0\0\0\x05leave'));
    await reached;
    if (why === 'client leaves') stream.close(http2.constants.NGHTTP2_CANCEL);
    await expect(heard).resolves.toBeUndefined();
    session.destroy();
  });

  test('a call whose time is up is told so, and its answer is dropped', async () => {
    const session = http2.connect(`http://${address}`);
    const post = (body: string, timeout: string): Promise<unknown> =>
      new Promise((resolve) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/test.Echo/Echo',
          'content-type': 'application/grpc',
          te: 'trailers',
          'grpc-timeout': timeout,
        });
        stream.on('response', (headers) => {
          if (headers['grpc-status'] !== undefined) resolve(headers['grpc-status']);
        });
        stream.on('trailers', (trailers) => resolve(trailers['grpc-status']));
        stream.on('error', () => undefined);
        stream.resume();
        stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), Buffer.from(body)]));
      });
    expect(await post('wait', '1m')).toBe(String(status.DEADLINE_EXCEEDED));
    for (const answer of waiting.splice(0)) answer();
    const noTime = how === 'direct' ? status.DEADLINE_EXCEEDED : status.OK;
    expect(await post('hello', '0S')).toBe(String(noTime));
    expect(await post('hello', '1H')).toBe('0');
    expect(await post('hello', '99999999H')).toBe('0');
    expect(await post('hello', 'soon')).toBe(String(status.INTERNAL));
    session.destroy();
  });

  test('a request that breaks off, or is none, ends its stream only', async () => {
    const session = http2.connect(`http://${address}`);
    const post = (body: Buffer, type = 'application/grpc'): Promise<unknown> =>
      new Promise((resolve) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/test.Echo/Echo',
          'content-type': type,
        });
        let answered: unknown;
        stream.on('response', (headers) => {
          answered = headers['grpc-status'] ?? headers[':status'];
        });
        stream.on('trailers', (trailers) => {
          answered = trailers['grpc-status'];
        });
        stream.resume();
        stream.on('error', () => undefined);
        stream.on('close', () => resolve(answered));
        stream.end(body);
      });
    expect(await post(Buffer.from([0, 0, 0, 0, 9, 1]))).not.toBe('0');
    expect(await post(Buffer.alloc(0))).not.toBe('0');
    const json = await post(Buffer.from('{}'), 'application/json');
    expect(json).toBe(how === 'direct' ? String(status.INVALID_ARGUMENT) : 415);
    const web = await post(Buffer.from([0, 0, 0, 0, 1, 65]), 'application/grpc-web');
    expect(web).toBe(how === 'direct' ? String(status.INVALID_ARGUMENT) : '0');
    expect(await post(Buffer.from([0, 0, 0, 0, 1, 65]), 'application/grpc+proto')).toBe('0');
    expect(await post(Buffer.from([0, 0, 0, 0, 1, 65]))).toBe('0');
    session.destroy();
  });
});

test.each([
  ['22.19.5', false],
  ['22.20.0', true],
  ['23.11.1', false],
  ['24.6.0', false],
  ['24.7.0', true],
  ['26.0.0', true],
])('whether Node.js %s takes headers as a list: %s', (version, takes) => {
  expect(takesLists(version)).toBe(takes);
});
