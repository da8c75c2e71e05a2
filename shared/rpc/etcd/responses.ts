import { assertNever } from '#shared/base';
import type {
  DeleteRangeResult,
  Event,
  KeyValue,
  PutResult,
  RangeResult,
  ResponseHeader,
  ResponseOp,
  TxnResult,
} from '#shared/mvcc';
import type {
  DeleteRangeResponse as PbDeleteRange,
  DeleteRangeResponse__Output,
} from '../gen/etcdserverpb/DeleteRangeResponse.ts';
import type { PutResponse as PbPut, PutResponse__Output } from '../gen/etcdserverpb/PutResponse.ts';
import type {
  RangeResponse as PbRange,
  RangeResponse__Output,
} from '../gen/etcdserverpb/RangeResponse.ts';
import type {
  ResponseHeader as PbHeader,
  ResponseHeader__Output,
} from '../gen/etcdserverpb/ResponseHeader.ts';
import type {
  ResponseOp as PbResponseOp,
  ResponseOp__Output,
} from '../gen/etcdserverpb/ResponseOp.ts';
import type { TxnResponse as PbTxn, TxnResponse__Output } from '../gen/etcdserverpb/TxnResponse.ts';
import type { Event as PbEvent, Event__Output } from '../gen/mvccpb/Event.ts';
import type { KeyValue as PbKeyValue, KeyValue__Output } from '../gen/mvccpb/KeyValue.ts';
import { keyFromWire, keyToWire } from './requests.ts';

export function headerToWire(header: ResponseHeader): PbHeader {
  return {
    cluster_id: String(header.clusterId),
    member_id: String(header.memberId),
    revision: header.revision,
    raft_term: header.raftTerm,
  };
}

export function headerFromWire(header: ResponseHeader__Output | null): ResponseHeader {
  return {
    clusterId: BigInt(header?.cluster_id ?? 0),
    memberId: BigInt(header?.member_id ?? 0),
    revision: Number(header?.revision ?? 0),
    raftTerm: Number(header?.raft_term ?? 0),
  };
}

/** A header inside a transaction's responses says the revision only. */
const revisionHeader = (revision: number): PbHeader => ({ revision });

export function keyValueToWire(kv: KeyValue): PbKeyValue {
  return {
    key: keyToWire(kv.key),
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    value: kv.value,
    lease: kv.lease === 0n ? 0 : String(kv.lease),
  };
}

/** The value is a copy: a received one is a view that keeps its whole message alive. */
export function keyValueFromWire(kv: KeyValue__Output): KeyValue {
  return {
    key: keyFromWire(kv.key),
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    value: new Uint8Array(kv.value),
    lease: BigInt(kv.lease),
  };
}

export function eventToWire(event: Event): PbEvent {
  return {
    type: event.type === 'put' ? 'PUT' : 'DELETE',
    kv: keyValueToWire(event.kv),
    ...(event.prevKv && { prev_kv: keyValueToWire(event.prevKv) }),
  };
}

export function eventFromWire(event: Event__Output): Event {
  const kv = event.kv ? keyValueFromWire(event.kv) : emptyKeyValue;
  return {
    type: event.type === 'PUT' ? 'put' : 'delete',
    kv,
    ...(event.prev_kv && { prevKv: keyValueFromWire(event.prev_kv) }),
  };
}

const emptyKeyValue: KeyValue = {
  key: '',
  value: new Uint8Array(),
  createRevision: 0,
  modRevision: 0,
  version: 0,
  lease: 0n,
};

export function rangeResultToWire(header: PbHeader, result: RangeResult): PbRange {
  return { header, kvs: result.kvs.map(keyValueToWire), more: result.more, count: result.count };
}

export function rangeResultFromWire(response: RangeResponse__Output): RangeResult {
  return {
    kvs: response.kvs.map(keyValueFromWire),
    more: response.more,
    count: Number(response.count),
  };
}

export function putResultToWire(header: PbHeader, result: PutResult): PbPut {
  return { header, ...(result.prevKv && { prev_kv: keyValueToWire(result.prevKv) }) };
}

export function putResultFromWire(response: PutResponse__Output): PutResult {
  return response.prev_kv ? { prevKv: keyValueFromWire(response.prev_kv) } : {};
}

export function deleteRangeResultToWire(
  header: PbHeader,
  result: DeleteRangeResult,
): PbDeleteRange {
  return { header, deleted: result.deleted, prev_kvs: result.prevKvs.map(keyValueToWire) };
}

export function deleteRangeResultFromWire(
  response: DeleteRangeResponse__Output,
): DeleteRangeResult {
  return {
    deleted: Number(response.deleted),
    prevKvs: response.prev_kvs.map(keyValueFromWire),
  };
}

function responseOpToWire(op: ResponseOp): PbResponseOp {
  const header = revisionHeader(op.revision);
  switch (op.type) {
    case 'range':
      return { response_range: rangeResultToWire(header, op.range) };
    case 'put':
      return { response_put: putResultToWire(header, op.put) };
    case 'deleteRange':
      return { response_delete_range: deleteRangeResultToWire(header, op.deleteRange) };
    case 'txn':
      return { response_txn: txnResultToWire(header, op.txn) };
    default:
      return assertNever(op, 'operation');
  }
}

function responseOpFromWire(op: ResponseOp__Output): ResponseOp {
  const revisionOf = (response: { header: ResponseHeader__Output | null }): number =>
    Number(response.header?.revision ?? 0);
  if (op.response_put) {
    const put = op.response_put;
    return { type: 'put', revision: revisionOf(put), put: putResultFromWire(put) };
  }
  if (op.response_delete_range) {
    const deleted = op.response_delete_range;
    return {
      type: 'deleteRange',
      revision: revisionOf(deleted),
      deleteRange: deleteRangeResultFromWire(deleted),
    };
  }
  if (op.response_txn) {
    const txn = op.response_txn;
    return { type: 'txn', revision: revisionOf(txn), txn: txnResultFromWire(txn) };
  }
  const range = op.response_range;
  if (!range) return { type: 'range', revision: 0, range: { kvs: [], more: false, count: 0 } };
  return { type: 'range', revision: revisionOf(range), range: rangeResultFromWire(range) };
}

export function txnResultToWire(header: PbHeader, result: TxnResult): PbTxn {
  return { header, succeeded: result.succeeded, responses: result.responses.map(responseOpToWire) };
}

export function txnResultFromWire(response: TxnResponse__Output): TxnResult {
  return { succeeded: response.succeeded, responses: response.responses.map(responseOpFromWire) };
}
