import type { ServiceDefinition } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '#shared/mvcc';
import {
  deleteRangeFromWire,
  deleteRangeResultToWire,
  handleUnary,
  headerToWire,
  integerFromWire,
  txnFromWire,
  turnToAnswer,
  txnResultToWire,
} from '#shared/rpc';
import type { KVDefinition, KVHandlers } from '../../../shared/rpc/gen/etcdserverpb/KV.ts';
import type { Kv } from '../serve/kv.ts';
import {
  type Decoded,
  decodePutRequest,
  decodeRangeRequest,
  encodePutResponse,
  encodeRangeResponse,
} from '../wire/kv.ts';
import { type Gate, gated } from './gate.ts';
import { withCodec } from './server-codec.ts';

/** etcd's KV service, with codecs of our own for the two methods that most calls are of. */
export function kvService(definition: KVDefinition): ServiceDefinition {
  const put = withCodec(definition.Put, decodePutRequest, encodePutResponse);
  const range = withCodec(definition.Range, decodeRangeRequest, encodeRangeResponse);
  return { ...definition, Put: put, Range: range };
}

/** Throws what is wrong with the request. */
function sound<T extends object>(request: Decoded<T>): T {
  if (request instanceof QuorateError) throw request;
  return request;
}

const tellsManyValues = ({ rangeEnd, prevKv }: DeleteRangeRequest): boolean =>
  rangeEnd !== undefined && prevKv === true;

/** More than single keys: nobody knows how large that will be. */
function readsRanges({ success, failure }: TxnRequest): boolean {
  const reads = (op: RequestOp): boolean => {
    if (op.type === 'range') return op.range.rangeEnd !== undefined;
    if (op.type === 'deleteRange') return tellsManyValues(op.deleteRange);
    return op.type === 'txn' && readsRanges(op.txn);
  };
  return success.some(reads) || failure.some(reads);
}

const kvMethods = (kv: Kv, gate: Gate) => ({
  Range: handleUnary(
    gated(
      gate,
      async (request: Decoded<RangeRequest>, caller, call) =>
        kv.range(sound(request), caller, () => turnToAnswer(call)),
      { forLearners: (request) => 'serializable' in request && request.serializable === true },
    ),
  ),
  Put: handleUnary(
    gated(gate, (request: Decoded<PutRequest>, caller) =>
      request instanceof QuorateError ? Promise.reject(request) : kv.put(request, caller),
    ),
  ),
});

export function kvHandlers(kv: Kv, gate: Gate): object {
  const others: Omit<KVHandlers, 'Range' | 'Put'> = {
    DeleteRange: handleUnary(
      gated(gate, async (wire, caller, call) => {
        const request = deleteRangeFromWire(wire);
        if (tellsManyValues(request)) await turnToAnswer(call);
        const { header, ...result } = await kv.deleteRange(request, caller);
        return deleteRangeResultToWire(headerToWire(header), result);
      }),
    ),
    Txn: handleUnary(
      gated(gate, async (wire, caller, call) => {
        const request = txnFromWire(wire);
        if (readsRanges(request)) await turnToAnswer(call);
        const { header, ...result } = await kv.txn(request, caller);
        return txnResultToWire(headerToWire(header), result);
      }),
    ),
    Compact: handleUnary(
      gated(gate, async ({ revision, physical }, caller) => ({
        header: headerToWire(await kv.compact(integerFromWire(revision), physical, caller)),
      })),
    ),
  };
  return { ...kvMethods(kv, gate), ...others };
}
