import { request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { Rejections } from '../tls/rejections.ts';
import { silent } from '../testing/local-cluster.ts';
import { Connections } from './connection-limit.ts';
import { ClientDoor } from './door.ts';

let door: ClientDoor;
let port: number;
let loads = 0;

beforeEach(async () => {
  loads = 0;
  const http2 = createHttp2((_request, response) => response.end('two'));
  door = new ClientDoor({
    rejections: new Rejections(silent, new ManualClock(), 'client'),
    grpc: (connection) => http2.emit('connection', connection),
    http: () => {
      loads++;
      return Promise.resolve((asked, response) => {
        asked.setEncoding('utf8');
        let body = '';
        asked.on('data', (chunk: string) => {
          body += chunk;
        });
        asked.on('end', () => response.end(`one${body}`));
      });
    },
  });
  port = await door.listen('127.0.0.1:0');
});
afterEach(() => door.close());

function overHttp1(body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method: 'POST' }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

async function overHttp2(): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/' });
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream) text += chunk as string;
  session.destroy();
  return text;
}

async function raw(...parts: string[]): Promise<{ socket: Socket; first: Buffer }> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  await once(socket, 'connect');
  for (const part of parts) {
    socket.write(part);
    // Each part in a packet of its own.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  const [first] = (await once(socket, 'data')) as [Buffer];
  return { socket, first };
}

test('one port speaks both, and loads HTTP/1 once it is asked for', async () => {
  expect(await overHttp2()).toBe('two');
  expect(loads).toBe(0);
  expect(await Promise.all([overHttp1(' a'), overHttp1(' b'), overHttp2()])).toEqual([
    'one a',
    'one b',
    'two',
  ]);
  expect(loads).toBe(1);
});

test('a body larger than one read arrives whole', async () => {
  const body = 'x'.repeat(1 << 20);
  expect(await overHttp1(body)).toBe(`one${body}`);
});

test('the first bytes may come one by one', async () => {
  const http1 = await raw(...Array.from('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'));
  expect(String(http1.first)).toContain('200 OK');
  http1.socket.destroy();
  const settings = '\0\0\0\x04\0\0\0\0\0';
  const http2 = await raw('P', 'R', 'I', ` * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings}`);
  // A SETTINGS frame.
  expect(http2.first[3]).toBe(4);
  http2.socket.destroy();
});

test('what is neither is refused, and a client that says nothing is forgotten', async () => {
  const silent = connect(port, '127.0.0.1');
  await once(silent, 'connect');
  silent.end();
  await once(silent, 'close');
  const { socket, first } = await raw('\x01\x03\x01 not a request\r\n\r\n');
  expect(String(first)).toContain('400 Bad Request');
  socket.destroy();
});

test('TLS is no word of a port in clear text', async () => {
  const socket = connect(port, '127.0.0.1');
  const over = once(socket, 'close').catch(() => undefined);
  socket.write('\x16\x03\x01');
  await over;
  expect(socket.bytesRead).toBe(0);
});

test('bytes are counted for gRPC alone', async () => {
  await overHttp1('');
  expect(door.grpcBytes).toEqual({ read: 0, written: 0 });
  await overHttp2();
  expect(door.grpcBytes.read).toBeGreaterThan(24);
  expect(door.grpcBytes.written).toBeGreaterThan(3);
});

test('a taken port is an error', async () => {
  await expect(door.listen(`127.0.0.1:${port}`)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}`,
  );
});

test('no more clients are let in than there may be', async () => {
  const rejections = new Rejections(silent, new ManualClock(), 'client');
  const narrow = new ClientDoor({ rejections, connections: new Connections(1) });
  try {
    const at = await narrow.listen('127.0.0.1:0');
    const first = connect(at, '127.0.0.1');
    await once(first, 'connect');
    const second = connect(at, '127.0.0.1').resume();
    await once(second, 'close');
    expect(first.destroyed).toBe(false);
    const gone = once(first, 'close');
    first.end();
    await gone;
  } finally {
    narrow.close();
  }
});
