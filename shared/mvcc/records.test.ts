import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena } from './arena.ts';
import { compareBytes, flatLatin1 } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import {
  decodeLease,
  decodeLeaseKey,
  decodeRecord,
  decodeRecordHead,
  decodeRevisionKey,
  decodeTombstone,
  encodeLease,
  encodeRecord,
  encodeTombstone,
  leaseKey,
  revisionKey,
} from './records.ts';

const revision = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const key = fc.array(fc.nat(255), { minLength: 1 }).map((codes) => String.fromCharCode(...codes));

test('records come back as they were', () => {
  const keyValue = fc.record({
    key,
    value: fc.uint8Array({ maxLength: 3000 }),
    createRevision: revision,
    modRevision: revision,
    version: revision,
    lease: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  const arena = new Arena();
  fc.assert(
    fc.property(keyValue, (kv) => {
      const { record, kv: kept } = encodeRecord(arena, kv);
      expect(kept).toEqual(kv);
      expect(decodeRecord(record, kv.modRevision)).toEqual(kv);
      expect(decodeRecordHead(record, kv.modRevision)).toEqual({ ...kv, value: new Uint8Array(0) });
      expect(decodeTombstone(encodeTombstone(arena, kv.key))).toBe(kv.key);
      expect(decodeLeaseKey(leaseKey(kv.lease))).toBe(kv.lease);
      const lease = { ttlSeconds: kv.version, remainingSeconds: kv.createRevision };
      expect(decodeLease(encodeLease(lease.ttlSeconds, lease.remainingSeconds))).toEqual(lease);
    }),
  );
});

test('revision keys come back, and order as revisions do', () => {
  fc.assert(
    fc.property(revision, revision, fc.nat(), fc.boolean(), (a, b, sub, tombstone) => {
      const bytes = revisionKey(a, sub, tombstone);
      expect(decodeRevisionKey(bytes)).toEqual({ main: a, sub, tombstone });
      const order = compareBytes(bytes, revisionKey(b, sub, tombstone));
      expect(Math.sign(order)).toBe(Math.sign(a - b));
    }),
  );
});

test('a format of the future is not misread', () => {
  expect(() => decodeRecord(Uint8Array.of(2, 0, 1, 1, 1, 97), 5)).toThrow('unknown format 2');
});

test('long keys survive', () => {
  const long = 'k'.repeat(100_000);
  const { record } = encodeRecord(new Arena(), {
    key: long,
    value: new Uint8Array(1),
    createRevision: 1,
    modRevision: 1,
    version: 1,
    lease: 0n,
  });
  expect(decodeRecord(record, 1).key).toBe(long);
  expect(flatLatin1(`${long}x`)).toBe(`${long}x`);
});

test('crc32c: the check value of its definition, also in pieces', () => {
  const bytes = new TextEncoder().encode('123456789');
  expect(crc32c(bytes)).toBe(0xe3069283);
  expect(crc32c(bytes.subarray(4), crc32c(bytes.subarray(0, 4)))).toBe(0xe3069283);
});
