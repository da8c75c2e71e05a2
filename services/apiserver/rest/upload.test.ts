import type { Http2ServerRequest } from 'node:http2';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { discardUpload, readUpload, uploadMs } from './upload.ts';

const request = (): PassThrough & Http2ServerRequest =>
  Object.assign(new PassThrough(), { headers: {} }) as unknown as PassThrough & Http2ServerRequest;

const codeOf = (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => 'read',
    (thrown: { code?: unknown }) => thrown.code,
  );

test('a body comes whole, in its time, or not at all', async () => {
  const clock = new ManualClock();
  const whole = request();
  whole.write('a');
  whole.end('b');
  expect((await readUpload(whole, clock)).toString()).toBe('ab');

  const slow = request();
  slow.write('a');
  const late = codeOf(readUpload(slow, clock));
  await clock.advance(uploadMs);
  expect(await late).toBe('deadline-exceeded');

  const left = request();
  const gone = codeOf(readUpload(left, clock));
  left.destroy();
  expect(await gone).toBe('canceled');
});

test('what nobody wants is not taken for ever', async () => {
  const clock = new ManualClock();
  const slow = request();
  const discarded = discardUpload(slow, clock);
  await clock.advance(uploadMs);
  await discarded;

  const endless = request();
  const chunk = Buffer.alloc(1024 * 1024);
  endless.on('drain', () => endless.write(chunk));
  endless.write(chunk);
  await discardUpload(endless, clock);
  expect(endless.readableEnded).toBe(false);
});
