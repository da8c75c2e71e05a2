import { expect, inject, test } from 'vitest';
import { createRng, QuorateError } from '#shared/base';
import type { KeyValue, PutRequest, RangeRequest } from '#shared/mvcc';
import {
  eventToWire,
  headerToWire,
  loadProto,
  putFromWire,
  putResultToWire,
  putToWire,
  rangeFromWire,
  rangeResultToWire,
  rangeToWire,
} from '#shared/rpc';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/rpc.ts';
import {
  decodePutRequest,
  decodeRangeRequest,
  encodePutResponse,
  encodeRangeResponse,
} from './kv.ts';
import { encodeWatchReply } from './watch.ts';

const { KV, Watch: Watches } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
const { Put, Range } = KV.service;
const { Watch } = Watches.service;
const seed = inject('seed');
const rng = createRng(seed);
const flag = (): boolean => rng.int(2) === 1;
const integer = (): number => (flag() ? 0 : Math.floor(rng.next() * 2 ** (1 + rng.int(52))));
const key = (): string =>
  Array.from({ length: rng.int(9) }, () => String.fromCharCode(rng.int(256))).join('');
const bytes = (): Uint8Array =>
  Uint8Array.from({ length: rng.int(4) === 0 ? 300 : rng.int(5) }, () => rng.int(256));
const lease = (): bigint => (flag() ? 0n : BigInt.asIntN(64, BigInt(integer()) << 12n));
const header = { clusterId: 2n ** 52n + 3n, memberId: 77n, revision: 2 ** 40, raftTerm: 3 };

/** What is said by leaving it out, said. */
const full = (value: object, all: object): object => ({ ...all, ...value });

test(`requests mean what the schema's own codec reads (SEED=${seed})`, () => {
  const noPut = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
  const noRange = rangeFromWire(Range.requestDeserialize(Buffer.alloc(0)));
  for (let round = 0; round < 500; round++) {
    const put: PutRequest = {
      key: key(),
      value: bytes(),
      lease: lease(),
      prevKv: flag(),
      ignoreValue: flag(),
      ignoreLease: flag(),
    };
    const putBytes = Put.requestSerialize(putToWire(put));
    expect(full(decodePutRequest(putBytes), noPut)).toEqual(
      putFromWire(Put.requestDeserialize(putBytes)),
    );
    const range: RangeRequest = {
      key: key(),
      rangeEnd: flag() ? key() : undefined,
      limit: flag() ? -1 : integer(),
      revision: integer(),
      sortOrder: (['none', 'ascend', 'descend'] as const)[rng.int(3)],
      sortTarget: (['key', 'version', 'create', 'mod', 'value'] as const)[rng.int(5)],
      serializable: flag(),
      keysOnly: flag(),
      countOnly: flag(),
      minModRevision: integer(),
      maxModRevision: integer(),
      minCreateRevision: integer(),
      maxCreateRevision: integer(),
    };
    const rangeBytes = Range.requestSerialize(rangeToWire(range));
    expect(full(decodeRangeRequest(rangeBytes), noRange)).toEqual(
      rangeFromWire(Range.requestDeserialize(rangeBytes)),
    );
  }
});

const keyValue = (): KeyValue => ({
  key: key(),
  value: bytes(),
  createRevision: integer(),
  modRevision: integer(),
  version: integer(),
  lease: lease(),
});

test(`watch responses mean what the schema's own codec reads (SEED=${seed})`, () => {
  for (let round = 0; round < 300; round++) {
    const events = Array.from({ length: rng.int(4) }, () => ({
      type: flag() ? ('put' as const) : ('delete' as const),
      kv: keyValue(),
      ...(flag() && { prevKv: keyValue() }),
    }));
    const reply = {
      header,
      watchId: flag() ? -1n : BigInt(integer()),
      created: flag(),
      canceled: flag(),
      compactRevision: integer(),
      cancelReason: flag() ? 'etcdserver: no leader' : '',
      fragment: flag(),
      events,
    };
    const expected = Watch.responseSerialize({
      header: headerToWire(header),
      watch_id: String(reply.watchId),
      created: reply.created,
      canceled: reply.canceled,
      compact_revision: reply.compactRevision,
      cancel_reason: reply.cancelReason,
      fragment: reply.fragment,
      events: events.map(eventToWire),
    });
    // The second time its events are known already.
    for (const _again of [1, 2]) {
      expect(Watch.responseDeserialize(encodeWatchReply(reply))).toEqual(
        Watch.responseDeserialize(expected),
      );
    }
  }
});

test(`responses are the bytes of the schema's own codec (SEED=${seed})`, () => {
  for (let round = 0; round < 500; round++) {
    const put = flag() ? { prevKv: keyValue() } : {};
    expect(Put.responseDeserialize(encodePutResponse({ header, ...put }))).toEqual(
      Put.responseDeserialize(Put.responseSerialize(putResultToWire(headerToWire(header), put))),
    );
    const kvs = Array.from({ length: rng.int(4) }, keyValue);
    const range = { kvs, more: flag(), count: integer() };
    expect(Range.responseDeserialize(encodeRangeResponse({ header, ...range }))).toEqual(
      Range.responseDeserialize(
        Range.responseSerialize(rangeResultToWire(headerToWire(header), range)),
      ),
    );
  }
});

test('an order that does not exist is refused in the words of etcd, malformed bytes as such', () => {
  const sorted = Buffer.from([0x0a, 0x01, 0x61, 0x28, 0x09]);
  expect(decodeRangeRequest(sorted)).toEqual(
    new QuorateError('bad-request', 'etcdserver: invalid sort option'),
  );
  expect(() => decodePutRequest(Buffer.from([0x0a, 0x05, 0x61]))).toThrow(/malformed/);
});
