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
