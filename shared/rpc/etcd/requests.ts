import { assertNever, QuorateError } from '#shared/base';
import type {
  Compare,
  CompareResult,
  DeleteRangeRequest,
  Key,
  PutRequest,
  RangeRequest,
  RequestOp,
  SortOrder,
  SortTarget,
  TxnRequest,
} from '#shared/mvcc';
import type { Compare as PbCompare, Compare__Output } from '../gen/etcdserverpb/Compare.ts';
import type {
  DeleteRangeRequest as PbDeleteRange,
  DeleteRangeRequest__Output,
} from '../gen/etcdserverpb/DeleteRangeRequest.ts';
import type { PutRequest as PbPut, PutRequest__Output } from '../gen/etcdserverpb/PutRequest.ts';
import type {
  RangeRequest as PbRange,
  RangeRequest__Output,
} from '../gen/etcdserverpb/RangeRequest.ts';
import type { RequestOp as PbRequestOp, RequestOp__Output } from '../gen/etcdserverpb/RequestOp.ts';
import type { TxnRequest as PbTxn, TxnRequest__Output } from '../gen/etcdserverpb/TxnRequest.ts';

export function keyFromWire(bytes: Uint8Array): Key {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function keyToWire(key: Key): Buffer {
  return Buffer.from(key, 'latin1');
}

const rangeEndFromWire = (bytes: Uint8Array): Key | undefined =>
  bytes.length === 0 ? undefined : keyFromWire(bytes);

/** Absent, not empty, for one key: a real etcd takes an empty range_end on the wire as "no end". */
const rangeEndToWire = (end: Key | undefined): { range_end?: Buffer } =>
  end === undefined ? {} : { range_end: keyToWire(end) };

/**
 * An integer of 64 bits. What lies beyond 53 becomes the farthest number there is: nothing that a store holds
 * comes so far, so that both compare alike.
 */
export function integerFromWire(text: string | number): number {
  const farthest = Number.MAX_SAFE_INTEGER;
  return Math.max(-farthest, Math.min(farthest, Number(text)));
}

const sortOrders: Record<string, SortOrder> = {
  NONE: 'none',
  ASCEND: 'ascend',
  DESCEND: 'descend',
};
const sortTargets: Record<string, SortTarget> = {
  KEY: 'key',
  VERSION: 'version',
  CREATE: 'create',
  MOD: 'mod',
  VALUE: 'value',
};
const sortOrdersToWire = { none: 'NONE', ascend: 'ASCEND', descend: 'DESCEND' } as const;
const sortTargetsToWire = {
  key: 'KEY',
  version: 'VERSION',
  create: 'CREATE',
  mod: 'MOD',
  value: 'VALUE',
} as const;

/** An enum value outside the contract arrives as a bare number, and is in no table. */
function known<T>(table: Record<string, T>, value: string, text: string): T {
  const result = table[value];
  if (result === undefined) throw new QuorateError('bad-request', text);
  return result;
}

/*
 * Values of requests are views into the received message: whoever keeps one copies it. The store
 * does so when it encodes the command.
 */
export function rangeFromWire(request: RangeRequest__Output): RangeRequest {
  const sortText = 'etcdserver: invalid sort option';
  return {
    key: keyFromWire(request.key),
    rangeEnd: rangeEndFromWire(request.range_end),
    limit: integerFromWire(request.limit),
    revision: integerFromWire(request.revision),
    sortOrder: known(sortOrders, request.sort_order, sortText),
    sortTarget: known(sortTargets, request.sort_target, sortText),
    serializable: request.serializable,
    keysOnly: request.keys_only,
    countOnly: request.count_only,
    minModRevision: integerFromWire(request.min_mod_revision),
    maxModRevision: integerFromWire(request.max_mod_revision),
    minCreateRevision: integerFromWire(request.min_create_revision),
    maxCreateRevision: integerFromWire(request.max_create_revision),
  };
}

export function rangeToWire(request: RangeRequest): PbRange {
  return {
    key: keyToWire(request.key),
    ...rangeEndToWire(request.rangeEnd),
    limit: request.limit ?? 0,
    revision: request.revision ?? 0,
    sort_order: sortOrdersToWire[request.sortOrder ?? 'none'],
    sort_target: sortTargetsToWire[request.sortTarget ?? 'key'],
    serializable: request.serializable ?? false,
    keys_only: request.keysOnly ?? false,
    count_only: request.countOnly ?? false,
    min_mod_revision: request.minModRevision ?? 0,
    max_mod_revision: request.maxModRevision ?? 0,
    min_create_revision: request.minCreateRevision ?? 0,
    max_create_revision: request.maxCreateRevision ?? 0,
  };
}

export function putFromWire(request: PutRequest__Output): PutRequest {
  return {
    key: keyFromWire(request.key),
    value: request.value,
    lease: BigInt(request.lease),
    prevKv: request.prev_kv,
    ignoreValue: request.ignore_value,
    ignoreLease: request.ignore_lease,
  };
}

export function putToWire(request: PutRequest): PbPut {
  return {
    key: keyToWire(request.key),
    value: request.value,
    lease: String(request.lease ?? 0n),
    prev_kv: request.prevKv ?? false,
    ignore_value: request.ignoreValue ?? false,
    ignore_lease: request.ignoreLease ?? false,
  };
}

export function deleteRangeFromWire(request: DeleteRangeRequest__Output): DeleteRangeRequest {
  return {
    key: keyFromWire(request.key),
    rangeEnd: rangeEndFromWire(request.range_end),
    prevKv: request.prev_kv,
  };
}

export function deleteRangeToWire(request: DeleteRangeRequest): PbDeleteRange {
  return {
    key: keyToWire(request.key),
    ...rangeEndToWire(request.rangeEnd),
    prev_kv: request.prevKv ?? false,
  };
}

const compareResults: Record<string, CompareResult> = {
  EQUAL: 'equal',
  GREATER: 'greater',
  LESS: 'less',
  NOT_EQUAL: 'not-equal',
};
const compareResultsToWire = {
  equal: 'EQUAL',
  greater: 'GREATER',
  less: 'LESS',
  'not-equal': 'NOT_EQUAL',
} as const;

/** A comparison whose operand is missing compares with zero, or with the empty value. */
function compareFromWire(compare: Compare__Output): Compare {
  const base = {
    key: keyFromWire(compare.key),
    rangeEnd: rangeEndFromWire(compare.range_end),
    result: known(compareResults, compare.result, 'etcdserver: invalid compare result'),
  };
  switch (compare.target) {
    case 'VERSION':
      return { ...base, target: 'version', revision: integerFromWire(compare.version ?? 0) };
    case 'CREATE':
      return { ...base, target: 'create', revision: integerFromWire(compare.create_revision ?? 0) };
    case 'MOD':
      return { ...base, target: 'mod', revision: integerFromWire(compare.mod_revision ?? 0) };
    case 'VALUE':
      return { ...base, target: 'value', value: compare.value ?? new Uint8Array() };
    case 'LEASE':
      return { ...base, target: 'lease', lease: BigInt(compare.lease ?? 0) };
    default:
      throw new QuorateError('bad-request', 'etcdserver: invalid compare target');
  }
}

function compareToWire(compare: Compare): PbCompare {
  const base = {
    key: keyToWire(compare.key),
    ...rangeEndToWire(compare.rangeEnd),
    result: compareResultsToWire[compare.result],
  };
  switch (compare.target) {
    case 'version':
      return { ...base, target: 'VERSION', version: compare.revision };
    case 'create':
      return { ...base, target: 'CREATE', create_revision: compare.revision };
    case 'mod':
      return { ...base, target: 'MOD', mod_revision: compare.revision };
    case 'value':
      return { ...base, target: 'VALUE', value: compare.value };
    case 'lease':
      return { ...base, target: 'LEASE', lease: String(compare.lease) };
    default:
      return assertNever(compare, 'compare target');
  }
}

function requestOpFromWire(op: RequestOp__Output): RequestOp {
  if (op.request_range) return { type: 'range', range: rangeFromWire(op.request_range) };
  if (op.request_put) return { type: 'put', put: putFromWire(op.request_put) };
  if (op.request_delete_range) {
    return { type: 'deleteRange', deleteRange: deleteRangeFromWire(op.request_delete_range) };
  }
  if (op.request_txn) return { type: 'txn', txn: txnFromWire(op.request_txn) };
  // etcd checks an operation without content as the range it is not.
  throw new QuorateError('bad-request', 'etcdserver: key not found');
}

function requestOpToWire(op: RequestOp): PbRequestOp {
  switch (op.type) {
    case 'range':
      return { request_range: rangeToWire(op.range) };
    case 'put':
      return { request_put: putToWire(op.put) };
    case 'deleteRange':
      return { request_delete_range: deleteRangeToWire(op.deleteRange) };
    case 'txn':
      return { request_txn: txnToWire(op.txn) };
    default:
      return assertNever(op, 'operation');
  }
}

export function txnFromWire(request: TxnRequest__Output): TxnRequest {
  return {
    compare: request.compare.map(compareFromWire),
    success: request.success.map(requestOpFromWire),
    failure: request.failure.map(requestOpFromWire),
  };
}

export function txnToWire(request: TxnRequest): PbTxn {
  return {
    compare: request.compare.map(compareToWire),
    success: request.success.map(requestOpToWire),
    failure: request.failure.map(requestOpToWire),
  };
}
