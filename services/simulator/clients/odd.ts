import { createRng, type Rng } from '#shared/base';
import type { PutRequest, RequestOp, TxnRequest } from '#shared/mvcc';
import { pick } from '../plan/pickers.ts';
import { conditionOn } from './requests.ts';

/** Apart from what other requests write: their histories need not know of these. */
const keys = ['~1', '~2', '~3', '~4'];
const spans: readonly (readonly [string, string | undefined])[] = [
  ['~1', '~3'],
  ['~2', '\0'],
  ['~3', undefined],
  ['~', '~9'],
];

/** A transaction as nobody would write it: nested, keeping values, at times one that is to be refused. */
export function oddTxn(number: number, nextValue: () => string, lease: bigint): TxnRequest {
  const rng = createRng(number);
  const many = rng.int(40) === 0 ? 120 + rng.int(20) : 0;
  if (many === 0) return txnOf(rng, nextValue, lease, rng.int(3));
  const range: RequestOp = { type: 'range', range: { key: '~1' } };
  return { compare: [], success: Array.from({ length: many }, () => range), failure: [] };
}

function txnOf(rng: Rng, nextValue: () => string, lease: bigint, depth: number): TxnRequest {
  const branch = (): RequestOp[] => {
    const ops = Array.from({ length: rng.int(3) }, () => opOf(rng, nextValue, lease));
    if (depth === 0) return ops;
    const txn = txnOf(rng, nextValue, lease, depth - 1);
    return [
      ...ops,
      { type: 'txn', txn },
      ...(rng.int(2) === 0 ? [opOf(rng, nextValue, lease)] : []),
    ];
  };
  return { compare: conditions(rng, lease), success: branch(), failure: branch() };
}

function conditions(rng: Rng, lease: bigint): TxnRequest['compare'] {
  return Array.from({ length: rng.int(3) }, () => {
    const [key, rangeEnd] = rng.int(2) === 0 ? pick(rng, spans) : [pick(rng, keys), undefined];
    const seen = { key, version: rng.int(3), create: 0, mod: 0, lease: String(lease), value: '' };
    return { ...conditionOn(key, seen, rng.int(1000)), rangeEnd };
  });
}

function opOf(rng: Rng, nextValue: () => string, lease: bigint): RequestOp {
  const some = (): boolean => rng.int(3) === 0;
  const [key, rangeEnd] = pick(rng, spans);
  switch (rng.int(5)) {
    case 0:
      return {
        type: 'range',
        range: { key, rangeEnd, limit: rng.int(3), keysOnly: some(), countOnly: some() },
      };
    case 1:
      return { type: 'deleteRange', deleteRange: { key, rangeEnd, prevKv: some() } };
    default:
      return { type: 'put', put: oddPut(rng, nextValue, lease) };
  }
}

function oddPut(rng: Rng, nextValue: () => string, lease: bigint): PutRequest {
  const ignoreValue = rng.int(4) === 0;
  const ignoreLease = rng.int(4) === 0;
  const given = rng.int(12) === 0;
  return {
    key: rng.int(40) === 0 ? '' : pick(rng, keys),
    value: Buffer.from(ignoreValue && !given ? '' : nextValue(), 'latin1'),
    lease: rng.int(3) === 0 && (!ignoreLease || given) ? lease : 0n,
    prevKv: rng.int(2) === 0,
    ignoreValue,
    ignoreLease,
  };
}
