import { QuorateError } from '#shared/base';
import type { WithHeader } from '#shared/client';
import type {
  KeyValue,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  ResponseHeader,
} from '#shared/mvcc';
import { Reader, Writer } from './protobuf.ts';
import { readPut, readRange } from './requests.ts';

/*
 * etcd's Put and Range between bytes and the values that the store works with, without an object of
 * protobuf's in between: they are the calls that there are many of.
 */

const writer = new Writer();

/** A request, or what is wrong with it. Values are views into `bytes`. */
export type Decoded<T> = T | QuorateError;

export function decodePutRequest(bytes: Buffer): Decoded<PutRequest> {
  return readPut(new Reader(bytes));
}

export function decodeRangeRequest(bytes: Buffer): Decoded<RangeRequest> {
  const { rangeEnd, ...range } = readRange(new Reader(bytes));
  const outside =
    ('sortOrder' in range && !range.sortOrder) || ('sortTarget' in range && !range.sortTarget);
  if (outside) return new QuorateError('bad-request', 'etcdserver: invalid sort option');
  // Absent and empty are the same on the wire.
  return rangeEnd === '' || rangeEnd === undefined ? range : { ...range, rangeEnd };
}

export function encodePutResponse({ header, prevKv }: WithHeader<PutResult>): Buffer {
  writer.reset();
  writer.message(1, () => writeHeader(writer, header));
  if (prevKv) writer.message(2, () => writeKeyValue(writer, prevKv));
  return writer.finish();
}

export function encodeRangeResponse(response: WithHeader<RangeResult>): Buffer {
  const { header, kvs, more, count } = response;
  writer.reset();
  writer.reserve(kvs.reduce((bytes, kv) => bytes + likelyBytes(kv), 64));
  writer.message(1, () => writeHeader(writer, header));
  for (const kv of kvs) writer.message(2, () => writeKeyValue(writer, kv));
  writer.boolean(3, more);
  writer.integer(4, count);
  return writer.finish();
}

/** With its numbers and what stands before each field. */
const likelyBytes = ({ key, value }: KeyValue): number => key.length + value.length + 64;

export function writeHeader(to: Writer, header: ResponseHeader): void {
  to.bigint(1, header.clusterId);
  to.bigint(2, header.memberId);
  to.integer(3, header.revision);
  to.integer(4, header.raftTerm);
}

export function writeKeyValue(to: Writer, kv: KeyValue): void {
  to.latin1(1, kv.key);
  to.integer(2, kv.createRevision);
  to.integer(3, kv.modRevision);
  to.integer(4, kv.version);
  to.bytes(5, kv.value);
  to.bigint(6, kv.lease);
}
