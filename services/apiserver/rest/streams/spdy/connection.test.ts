import { Duplex } from 'node:stream';
import { constants, createDeflate, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { SpdyConnection, type SpdyStream } from './connection.ts';
import { headerDictionary } from './dictionary.ts';
import { controlFrame, dataHead, frameTypes, uint32 } from './frames.ts';

/** The two ends of a connection, in memory. */
function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const make = (other: number): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        ends[other]?.push(chunk);
        done();
      },
      final(done) {
        ends[other]?.push(null);
        done();
      },
    });
  ends.push(make(1), make(0));
  return [ends[0] as Duplex, ends[1] as Duplex];
}

/** What kubectl sends to open a stream: its headers continue the compression of those before. */
function opener(): (id: number, headers: Record<string, string>) => Promise<Buffer> {
  const deflate = createDeflate({ dictionary: headerDictionary });
  let out: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => out.push(chunk));
  const text = (value: string): Buffer => Buffer.concat([uint32(value.length), Buffer.from(value)]);
  return async (id, headers) => {
    out = [];
    const pairs = Object.entries(headers).flatMap(([name, value]) => [text(name), text(value)]);
    deflate.write(Buffer.concat([uint32(pairs.length / 2), ...pairs]));
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    const head = Buffer.concat([uint32(id, 0), Buffer.alloc(2)]);
    return controlFrame(frameTypes.synStream, Buffer.concat([head, ...out]));
  };
}

test('streams are opened with their headers, and carry data both ways', async () => {
  const [server, client] = pair();
  const opened: SpdyStream[] = [];
  const connection = new SpdyConnection(server, (stream) => opened.push(stream));
  const open = opener();
  const frames = [
    await open(1, { streamtype: 'error' }),
    await open(3, { streamtype: 'data', port: '8080' }),
    dataHead(3, 5),
    Buffer.from('hello'),
    dataHead(3, 0, 1),
  ];
  // In pieces that respect no frame.
  for (const byte of Buffer.concat(frames)) client.write(Buffer.from([byte]));
  await expect.poll(() => opened.length).toBe(2);
  const [error, data] = opened;
  expect(error?.headers).toEqual(new Map([['streamtype', 'error']]));
  expect(data?.headers.get('port')).toBe('8080');
  let text = '';
  for await (const chunk of data?.iterator({ destroyOnReturn: false }) ?? []) text += String(chunk);
  expect(text).toBe('hello');
  data?.end('bye');
  const reply = 8 + 4 + 4;
  await expect.poll(() => client.readableLength).toBeGreaterThan(2 * reply + 8 + 3);
  const sent = client.read() as Buffer;
  expect(sent.subarray(0, 4)).toEqual(Buffer.from([0x80, 3, 0, frameTypes.synReply]));
  const block = sent.subarray(12, 8 + (sent.readUInt32BE(4) & 0xff_ffff));
  const options = { dictionary: headerDictionary, finishFlush: constants.Z_SYNC_FLUSH };
  expect(inflateSync(block, options)).toEqual(Buffer.alloc(4));
  expect(sent.includes('bye')).toBe(true);
  client.end();
  await connection.closed;
});

test('pings are answered, and what is not SPDY ends the connection', async () => {
  const [server, client] = pair();
  const connection = new SpdyConnection(server, () => undefined);
  const ping = controlFrame(frameTypes.ping, uint32(7));
  client.write(ping);
  await expect.poll(() => client.readableLength).toBe(ping.length);
  expect(client.read()).toEqual(ping);
  client.write(Buffer.from([0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff]));
  await connection.closed;
});
