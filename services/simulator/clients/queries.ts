import { createRng, type Rng } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Compare, RangeRequest, RangeResult, TxnRequest, TxnResult } from '#shared/mvcc';
import { pick } from '../plan/pickers.ts';
import { conditionOn } from './requests.ts';

export type Span = readonly [key: string, rangeEnd: string | undefined];

/** What somebody asked without changing anything, and the header's revision of the answer. */
export type Query = { readonly who: string; readonly fromMs: number; readonly revision: number } & (
  | { readonly type: 'range'; readonly request: RangeRequest; readonly result: RangeResult }
  | { readonly type: 'txn'; readonly request: TxnRequest; readonly result: TxnResult }
);

type Answered = Query extends infer Q
  ? Q extends Query
    ? Omit<Q, 'who' | 'fromMs'>
    : never
  : never;

export interface AskedQuery {
  readonly request: RangeRequest | TxnRequest;
  /** All that it reads, whichever way it goes. */
  readonly spans: readonly Span[];
  readonly ask: (kv: KvClient) => Promise<Answered>;
}

const ranges: readonly (readonly [string, string | undefined])[] = [
  ['a', 'z'],
  ['b', 'e'],
  ['c', '\0'],
  ['a', undefined],
  ['\0', '\0'],
];

/** Some read or other, alone or in a transaction that depends on a whole range. */
export function queryOf(number: number, lastRevision: number): AskedQuery {
  const rng = createRng(number * 1000 + lastRevision);
  if (rng.int(3) > 0) {
    return rangeQuery(rangeOf(rng, lastRevision));
  }
  // One that nests is no read, as far as it is carried out.
  const request = txnOf(rng, lastRevision, number % 2 === 0);
  return {
    request,
    spans: spansOf(request),
    ask: async (kv) => {
      const { header, ...result } = await kv.txn(request);
      return { type: 'txn', request, result, revision: header.revision };
    },
  };
}

function spansOf({ compare, success, failure }: TxnRequest): Span[] {
  const ops = [...success, ...failure].flatMap((op): Span[] => {
    if (op.type === 'txn') return spansOf(op.txn);
    return op.type === 'range' ? [[op.range.key, op.range.rangeEnd]] : [];
  });
  return [...compare.map(({ key, rangeEnd }): Span => [key, rangeEnd]), ...ops];
}

export const rangeQuery = (request: RangeRequest): AskedQuery => ({
  request,
  spans: [[request.key, request.rangeEnd]],
  ask: async (kv) => {
    const { header, ...result } = await kv.range(request);
    return { type: 'range', request, result, revision: header.revision };
  },
});

function rangeOf(rng: Rng, lastRevision: number): RangeRequest {
  const [key, rangeEnd] = pick(rng, ranges);
  const about = (): number => Math.max(1, lastRevision - rng.int(20));
  const some = (): boolean => rng.int(4) === 0;
  const ordered = rng.int(2) === 0;
  return {
    key,
    rangeEnd,
    limit: rng.int(2) === 0 ? 1 + rng.int(4) : 0,
    ...(ordered && {
      sortTarget: pick(rng, ['key', 'version', 'create', 'mod', 'value'] as const),
      sortOrder: pick(rng, ['ascend', 'descend'] as const),
    }),
    ...(some() && { minModRevision: about() }),
    ...(some() && { maxModRevision: about() }),
    ...(some() && { minCreateRevision: about() }),
    ...(some() && { maxCreateRevision: about() }),
    ...(some() && { revision: about() }),
    ...(some() && { keysOnly: true }),
    ...(rng.int(8) === 0 && { countOnly: true }),
  };
}

function txnOf(rng: Rng, lastRevision: number, nests: boolean): TxnRequest {
  const ops = (): TxnRequest['success'] => [
    { type: 'range', range: rangeOf(rng, lastRevision) },
    ...(nests ? [{ type: 'txn', txn: txnOf(rng, lastRevision, false) } as const] : []),
  ];
  return { compare: [conditionOnRange(rng, lastRevision)], success: ops(), failure: ops() };
}

function conditionOnRange(rng: Rng, lastRevision: number): Compare {
  const [key, rangeEnd] = pick(rng, ranges);
  const at = Math.max(0, lastRevision - rng.int(8));
  const seen = { key, version: 1 + rng.int(3), create: at, mod: at, lease: '0', value: '1.' };
  return { ...conditionOn(key, seen, rng.int(1000)), rangeEnd };
}
