import { expect, test } from 'vitest';
import { withAuthority } from './authority.ts';
import { emptySettings, preface } from './http2-frames.ts';
import { opening } from './opening.ts';

const ack = Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0]);
const headers = (block: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0, 0, block.length, 1, 4, 0, 0, 0, 1]), block]);
/** POST, http, then the authority as a literal. */
const block = (authority: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x83, 0x86, 0x41]), authority, Buffer.from([0x84])]);
const plain = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);

test('the scheme is cut out, and whole blocks without one are left alone', () => {
  const mended = block(plain('127.0.0.1:2379'));
  expect(withAuthority(block(plain('http://127.0.0.1:2379')))).toEqual(mended);
  expect(withAuthority(block(plain('https://127.0.0.1:2379')))).toEqual(mended);
  expect(withAuthority(block(plain('unix://127.0.0.1:2379')))).toEqual(mended);
  expect(withAuthority(mended)).toBeUndefined();
  expect(withAuthority(block(plain('/run/Store.sock')))).toEqual(block(plain('localhost')));
  expect(withAuthority(block(plain('http://x')).subarray(0, 6))).toBeUndefined();
});

test('a client that sends its request at once is judged by it', () => {
  const bytes = Buffer.concat([preface, emptySettings, headers(block(plain('h:1')))]);
  expect(opening(bytes, false)).toEqual({ is: 'http2', bytes, mend: false });
  const other = Buffer.concat([preface, emptySettings, headers(block(plain('http://h:1')))]);
  expect(opening(other, false)).toMatchObject({ is: 'http2', mend: true });
});

test('one that waits is greeted, and its answer to that is taken out', () => {
  const begun = Buffer.concat([preface, emptySettings]);
  expect(opening(begun, false)).toEqual({ is: 'open', greet: true });
  expect(opening(begun, true)).toEqual({ is: 'open', greet: false });
  const request = headers(block(plain('h:1')));
  const whole = Buffer.concat([begun, request]);
  expect(opening(whole, true)).toEqual({ is: 'open', greet: false });
  const expected = { is: 'http2', bytes: whole, mend: false };
  expect(opening(Buffer.concat([begun, ack, request]), true)).toEqual(expected);
  expect(opening(Buffer.concat([begun, request, ack]), true)).toEqual(expected);
});

test('anything else is HTTP/1', () => {
  expect(opening(Buffer.from('GET /'), false)).toEqual({ is: 'http1' });
  expect(opening(Buffer.from('PRI'), false)).toEqual({ is: 'open', greet: false });
  expect(opening(Buffer.from('PRINT'), false)).toEqual({ is: 'http1' });
});
