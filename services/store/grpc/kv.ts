import {
  deleteRangeFromWire,
  deleteRangeResultToWire,
  handleUnary,
  headerToWire,
  putFromWire,
  putResultToWire,
  rangeFromWire,
  rangeResultToWire,
  txnFromWire,
  txnResultToWire,
} from '#shared/rpc';
import type { KVHandlers } from '../../../shared/rpc/gen/etcdserverpb/KV.ts';
import type { Kv } from '../serve/kv.ts';
import { type Gate, gated } from './gate.ts';

export function kvHandlers(kv: Kv, gate: Gate): KVHandlers {
  return {
    Range: handleUnary(
      gated(
        gate,
        async (request, caller) => {
          const { header, ...result } = await kv.range(rangeFromWire(request), caller);
          return rangeResultToWire(headerToWire(header), result);
        },
        { forLearners: ({ serializable }) => serializable },
      ),
    ),
    Put: handleUnary(
      gated(gate, async (request, caller) => {
        const { header, ...result } = await kv.put(putFromWire(request), caller);
        return putResultToWire(headerToWire(header), result);
      }),
    ),
    DeleteRange: handleUnary(
      gated(gate, async (request, caller) => {
        const { header, ...result } = await kv.deleteRange(deleteRangeFromWire(request), caller);
        return deleteRangeResultToWire(headerToWire(header), result);
      }),
    ),
    Txn: handleUnary(
      gated(gate, async (request, caller) => {
        const { header, ...result } = await kv.txn(txnFromWire(request), caller);
        return txnResultToWire(headerToWire(header), result);
      }),
    ),
    Compact: handleUnary(
      gated(gate, async ({ revision, physical }, caller) => ({
        header: headerToWire(await kv.compact(Number(revision), physical, caller)),
      })),
    ),
  };
}
