import type { Answer, Call, KnownKv, TxnCall } from '#shared/checks';
import type { Compare, KeyValue, RequestOp, ResponseOp, TxnRequest } from '#shared/mvcc';
import type {
  DeleteRangeRequest,
  DeleteRangeResult,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  TxnResult,
} from '#shared/mvcc';

/*
 * Requests and answers of the etcd contract in the words of a history, where bytes are strings of one
 * character a byte.
 */

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

type SimpleCall = Exclude<TxnCall['success'][number], never>;

export function rangeCall(request: RangeRequest): Extract<SimpleCall, { type: 'range' }> {
  const { key, rangeEnd, limit, revision, serializable, keysOnly, countOnly } = request;
  return { type: 'range', key, rangeEnd, limit, revision, serializable, keysOnly, countOnly };
}

export function putCall({
  key,
  value,
  lease,
  prevKv,
}: PutRequest): Extract<SimpleCall, { type: 'put' }> {
  return {
    type: 'put',
    key,
    value: latin1(value),
    lease: lease ? String(lease) : undefined,
    prevKv,
  };
}

export function deleteCall({
  key,
  rangeEnd,
  prevKv,
}: DeleteRangeRequest): Extract<SimpleCall, { type: 'delete' }> {
  return { type: 'delete', key, rangeEnd, prevKv };
}

export function txnCall({ compare, success, failure }: TxnRequest): Call {
  return {
    type: 'txn',
    compare: compare.map((condition) => ({
      key: condition.key,
      target: condition.target,
      result: condition.result,
      operand: operandOf(condition),
    })),
    success: success.map(opCall),
    failure: failure.map(opCall),
  };
}

function operandOf(condition: Compare): number | string {
  if (condition.target === 'value') return latin1(condition.value);
  return condition.target === 'lease' ? String(condition.lease) : condition.revision;
}

function opCall(op: RequestOp): SimpleCall {
  switch (op.type) {
    case 'range':
      return rangeCall(op.range);
    case 'put':
      return putCall(op.put);
    case 'deleteRange':
      return deleteCall(op.deleteRange);
    case 'txn':
    default:
      throw new Error('histories have no transactions within transactions');
  }
}

export function kvOf({
  key,
  value,
  createRevision,
  modRevision,
  version,
  lease,
}: KeyValue): KnownKv {
  return {
    key,
    value: latin1(value),
    create: createRevision,
    mod: modRevision,
    version,
    lease: String(lease),
  };
}

export function rangeAnswer({ kvs, count, more }: RangeResult): Answer {
  return { kvs: kvs.map(kvOf), count, more };
}

export function putAnswer({ prevKv }: PutResult): Answer {
  return prevKv ? { prevKv: kvOf(prevKv) } : {};
}

export function deleteAnswer(
  { deleted, prevKvs }: DeleteRangeResult,
  call: DeleteRangeRequest,
): Answer {
  return { deleted, ...(call.prevKv ? { prevKvs: prevKvs.map(kvOf) } : {}) };
}

export function txnAnswer({ succeeded, responses }: TxnResult, request: TxnRequest): Answer {
  const ops = succeeded ? request.success : request.failure;
  const answers = responses.map((response, i) => opAnswer(response, ops[i]));
  return { succeeded, answers };
}

function opAnswer(response: ResponseOp, op: RequestOp | undefined): Answer {
  if (response.type === 'range') return rangeAnswer(response.range);
  if (response.type === 'put') return putAnswer(response.put);
  if (response.type === 'deleteRange' && op?.type === 'deleteRange') {
    return deleteAnswer(response.deleteRange, op.deleteRange);
  }
  return {};
}
