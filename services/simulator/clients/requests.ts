import type { Answer, Call, KnownKv } from '#shared/checks';
import type { KvClient, WithHeader } from '#shared/client';
import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from '#shared/mvcc';
import {
  deleteAnswer,
  deleteCall,
  putAnswer,
  putCall,
  rangeAnswer,
  rangeCall,
  txnAnswer,
  txnCall,
} from '#shared/workload';

/** One request, as the history has it and as a store is asked. */
export interface Asked {
  readonly call: Call;
  readonly ask: (kv: KvClient) => Promise<Answer>;
}

const at = ({ header }: WithHeader<object>): Answer => ({ revision: header.revision });

export function range(request: RangeRequest): Asked {
  return {
    call: rangeCall(request),
    ask: async (kv) => {
      const got = await kv.range(request);
      return { ...at(got), ...rangeAnswer(got) };
    },
  };
}

export function put(request: PutRequest): Asked {
  return {
    call: putCall(request),
    ask: async (kv) => {
      const got = await kv.put(request);
      return { ...at(got), ...putAnswer(got) };
    },
  };
}

export function deleteRange(request: DeleteRangeRequest): Asked {
  return {
    call: deleteCall(request),
    ask: async (kv) => {
      const got = await kv.deleteRange(request);
      return { ...at(got), ...deleteAnswer(got, request) };
    },
  };
}

export function txn(request: TxnRequest): Asked {
  return {
    call: txnCall(request),
    ask: async (kv) => {
      const got = await kv.txn(request);
      return { ...at(got), ...txnAnswer(got, request) };
    },
  };
}

/** Compare and swap against what was last seen. */
export function swap(key: string, seen: KnownKv | undefined, value: Uint8Array): Asked {
  return txn({
    compare: [{ key, target: 'mod', result: 'equal', revision: seen?.mod ?? 0 }],
    success: [{ type: 'put', put: { key, value } }],
    failure: [{ type: 'range', range: { key } }],
  });
}

/** Several keys in one revision. */
export function putEach(keys: readonly string[], nextValue: () => Uint8Array): Asked {
  const success = keys.map((key) => ({ type: 'put', put: { key, value: nextValue() } }) as const);
  return txn({ compare: [], success, failure: [] });
}

/** Any condition, and on either side changes between reads. */
export function either(
  key: string,
  seen: KnownKv | undefined,
  other: string,
  value: Uint8Array,
  pick: number,
): Asked {
  return txn({
    compare: [conditionOn(key, seen, pick)],
    success: [
      { type: 'put', put: { key, value, prevKv: true } },
      { type: 'range', range: { key: 'a', rangeEnd: 'z', limit: pick % 4 } },
    ],
    failure: [
      { type: 'range', range: { key } },
      { type: 'deleteRange', deleteRange: { key: other, prevKv: true } },
      { type: 'range', range: { key: 'a', rangeEnd: 'z', keysOnly: pick % 2 === 0 } },
    ],
  });
}

const targets = ['version', 'create', 'mod', 'lease', 'value'] as const;
const results = ['equal', 'not-equal', 'greater', 'less'] as const;

/** A condition on what was last seen of a key, or on something just beside it. */
export function conditionOn(key: string, seen: KnownKv | undefined, pick: number): Compare {
  const target = targets[pick % targets.length] ?? 'mod';
  const result = results[Math.floor(pick / 5) % results.length] ?? 'equal';
  const off = (Math.floor(pick / 20) % 3) - 1;
  switch (target) {
    case 'lease':
      return { key, target, result, lease: BigInt(seen?.lease ?? '0') };
    case 'value':
      return { key, target, result, value: Buffer.from(seen?.value ?? '', 'latin1') };
    case 'version':
    case 'create':
    case 'mod':
    default:
      return { key, target, result, revision: Math.max(0, (seen?.[target] ?? 0) + off) };
  }
}
