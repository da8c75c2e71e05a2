import { assertNever } from '#shared/base';
import type {
  Compare,
  CompareResult,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  SortOrder,
  SortTarget,
  TxnRequest,
} from '#shared/mvcc';
import type { Reader, Writer } from './protobuf.ts';

/* etcd's requests of keys in its own encoding: clients send them so, and the log has them so. */

const sortOrders: readonly SortOrder[] = ['none', 'ascend', 'descend'];
const sortTargets: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];
const compareResults: readonly CompareResult[] = ['equal', 'greater', 'less', 'not-equal'];
const compareTargets: readonly Compare['target'][] = ['version', 'create', 'mod', 'value', 'lease'];

export function writePut(writer: Writer, put: PutRequest): void {
  writer.latin1(1, put.key);
  writer.bytes(2, put.value);
  writer.bigint(3, put.lease ?? 0n);
  writer.boolean(4, put.prevKv);
  writer.boolean(5, put.ignoreValue);
  writer.boolean(6, put.ignoreLease);
}

export function writeDeleteRange(writer: Writer, request: DeleteRangeRequest): void {
  writer.latin1(1, request.key);
  writer.latin1(2, request.rangeEnd);
  writer.boolean(3, request.prevKv);
}

function writeRange(writer: Writer, range: RangeRequest): void {
  writer.latin1(1, range.key);
  writer.latin1(2, range.rangeEnd);
  writer.integer(3, range.limit ?? 0);
  writer.integer(4, range.revision ?? 0);
  writer.integer(5, sortOrders.indexOf(range.sortOrder ?? 'none'));
  writer.integer(6, sortTargets.indexOf(range.sortTarget ?? 'key'));
  writer.boolean(7, range.serializable);
  writer.boolean(8, range.keysOnly);
  writer.boolean(9, range.countOnly);
  writer.integer(10, range.minModRevision ?? 0);
  writer.integer(11, range.maxModRevision ?? 0);
  writer.integer(12, range.minCreateRevision ?? 0);
  writer.integer(13, range.maxCreateRevision ?? 0);
}

function writeCompare(writer: Writer, compare: Compare): void {
  writer.integer(1, compareResults.indexOf(compare.result));
  writer.integer(2, compareTargets.indexOf(compare.target));
  writer.latin1(3, compare.key);
  switch (compare.target) {
    case 'version':
      writer.integer(4, compare.revision);
      break;
    case 'create':
      writer.integer(5, compare.revision);
      break;
    case 'mod':
      writer.integer(6, compare.revision);
      break;
    case 'value':
      writer.bytesAlways(7, compare.value);
      break;
    case 'lease':
      writer.bigint(8, compare.lease);
      break;
    default:
      assertNever(compare, 'compare target');
  }
  writer.latin1(64, compare.rangeEnd);
}

export function writeTxn(writer: Writer, txn: TxnRequest): void {
  for (const compare of txn.compare) writer.message(1, () => writeCompare(writer, compare));
  for (const op of txn.success) writer.message(2, () => writeRequestOp(writer, op));
  for (const op of txn.failure) writer.message(3, () => writeRequestOp(writer, op));
}

function writeRequestOp(writer: Writer, op: RequestOp): void {
  switch (op.type) {
    case 'range':
      writer.message(1, () => writeRange(writer, op.range));
      return;
    case 'put':
      writer.message(2, () => writePut(writer, op.put));
      return;
    case 'deleteRange':
      writer.message(3, () => writeDeleteRange(writer, op.deleteRange));
      return;
    case 'txn':
      writer.message(4, () => writeTxn(writer, op.txn));
      return;
    default:
      assertNever(op, 'operation of a transaction');
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const noBytes = new Uint8Array();

export function readPut(reader: Reader): PutRequest {
  const put: Mutable<PutRequest> = { key: '', value: noBytes, lease: 0n };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) put.key = reader.latin1();
    else if (field === 2) put.value = reader.bytes();
    else if (field === 3) put.lease = reader.bigint();
    else if (field === 4) put.prevKv = reader.boolean();
    else if (field === 5) put.ignoreValue = reader.boolean();
    else if (field === 6) put.ignoreLease = reader.boolean();
    else reader.skip();
  }
  return put;
}

export function readDeleteRange(reader: Reader): DeleteRangeRequest {
  const request: Mutable<DeleteRangeRequest> = { key: '' };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) request.key = reader.latin1();
    else if (field === 2) request.rangeEnd = reader.latin1();
    else if (field === 3) request.prevKv = reader.boolean();
    else reader.skip();
  }
  return request;
}

/** A sort order or target that is not known is there, and undefined. */
export function readRange(reader: Reader): RangeRequest {
  const range: Mutable<RangeRequest> = { key: '' };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) range.key = reader.latin1();
    else if (field === 2) range.rangeEnd = reader.latin1();
    else if (field === 3) range.limit = reader.integer();
    else if (field === 4) range.revision = reader.integer();
    else if (field === 5) range.sortOrder = sortOrders[reader.integer()];
    else if (field === 6) range.sortTarget = sortTargets[reader.integer()];
    else if (field === 7) range.serializable = reader.boolean();
    else if (field === 8) range.keysOnly = reader.boolean();
    else if (field === 9) range.countOnly = reader.boolean();
    else if (field === 10) range.minModRevision = reader.integer();
    else if (field === 11) range.maxModRevision = reader.integer();
    else if (field === 12) range.minCreateRevision = reader.integer();
    else if (field === 13) range.maxCreateRevision = reader.integer();
    else reader.skip();
  }
  return range;
}

function readCompare(reader: Reader): Compare {
  let result: CompareResult = 'equal';
  let target: Compare['target'] = 'version';
  let key = '';
  let rangeEnd: string | undefined;
  let revision = 0;
  let value: Uint8Array = noBytes;
  let lease = 0n;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) result = compareResults[reader.integer()] ?? 'equal';
    else if (field === 2) target = compareTargets[reader.integer()] ?? 'version';
    else if (field === 3) key = reader.latin1();
    else if (field >= 4 && field <= 6) revision = reader.integer();
    else if (field === 7) value = reader.bytes();
    else if (field === 8) lease = reader.bigint();
    else if (field === 64) rangeEnd = reader.latin1();
    else reader.skip();
  }
  const base = { key, rangeEnd, result };
  if (target === 'value') return { ...base, target, value };
  if (target === 'lease') return { ...base, target, lease };
  return { ...base, target, revision };
}

export function readTxn(reader: Reader): TxnRequest {
  const compare: Compare[] = [];
  const success: RequestOp[] = [];
  const failure: RequestOp[] = [];
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) compare.push(readCompare(reader.message()));
    else if (field === 2) success.push(readRequestOp(reader.message()));
    else if (field === 3) failure.push(readRequestOp(reader.message()));
    else reader.skip();
  }
  return { compare, success, failure };
}

function readRequestOp(reader: Reader): RequestOp {
  const field = reader.field();
  const part = reader.message();
  if (field === 1) return { type: 'range', range: readRange(part) };
  if (field === 2) return { type: 'put', put: readPut(part) };
  if (field === 3) return { type: 'deleteRange', deleteRange: readDeleteRange(part) };
  return { type: 'txn', txn: readTxn(part) };
}
