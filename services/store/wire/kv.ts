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
import { readPut, readRange } from './command.ts';
import { Reader, Writer } from './protobuf.ts';

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
  writer.message(1, () => writeHeader(header));
  if (prevKv) writer.message(2, () => writeKeyValue(prevKv));
  return finished();
}

export function encodeRangeResponse(response: WithHeader<RangeResult>): Buffer {
  const { header, kvs, more, count } = response;
  writer.reset();
  writer.message(1, () => writeHeader(header));
  for (const kv of kvs) writer.message(2, () => writeKeyValue(kv));
  writer.boolean(3, more);
  writer.integer(4, count);
  return finished();
}

function writeHeader({ clusterId, memberId, revision, raftTerm }: ResponseHeader): void {
  writer.integer(1, Number(clusterId));
  writer.integer(2, Number(memberId));
  writer.integer(3, revision);
  writer.integer(4, raftTerm);
}

function writeKeyValue(kv: KeyValue): void {
  writer.latin1(1, kv.key);
  writer.integer(2, kv.createRevision);
  writer.integer(3, kv.modRevision);
  writer.integer(4, kv.version);
  writer.bytes(5, kv.value);
  writer.bigint(6, kv.lease);
}

function finished(): Buffer {
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
