import type { Rng } from '#shared/base';
import type { RangeRequest, RequestOp, TxnRequest } from '#shared/mvcc';
import { pick } from '../plan/pickers.ts';

/** More than a few nodes of a tree hold. Apart from what other requests write. */
const keyCount = 400;
const putsAtOnce = 80;
const end = '|';
const keyOf = (number: number): string => `{${String(number).padStart(3, '0')}`;

/** Some of very many keys are made, or made again, or go. */
export function manyTxn(rng: Rng, nextValue: () => string): TxnRequest {
  const success = rng.int(3) === 0 ? [removal(rng)] : puts(rng, nextValue);
  return { compare: [], success, failure: [] };
}

function puts(rng: Rng, nextValue: () => string): RequestOp[] {
  const count = pick(rng, [1, 5, putsAtOnce]);
  const every = pick(rng, [1, 3, 7]);
  const first = rng.int(keyCount);
  return Array.from({ length: count }, (_, i) => ({
    type: 'put' as const,
    put: {
      key: keyOf((first + i * every) % keyCount),
      value: Buffer.from(nextValue(), 'latin1'),
    },
  }));
}

function removal(rng: Rng): RequestOp {
  const first = rng.int(keyCount);
  const count = pick(rng, [1, 10, 10, 60]);
  const [key, rangeEnd] = [keyOf(first), keyOf(Math.min(first + count, keyCount - 1))];
  return { type: 'deleteRange', deleteRange: { key, rangeEnd } };
}

/** How many there are between any two of them, now or some revisions ago. */
export function manyRange(rng: Rng, lastRevision: number): RangeRequest {
  const [one, other] = [rng.int(keyCount), rng.int(keyCount)];
  const all = rng.int(3) === 0;
  return {
    key: all ? keyOf(0) : keyOf(Math.min(one, other)),
    rangeEnd: all ? end : keyOf(Math.max(one, other)),
    ...(rng.int(2) === 0 && { revision: Math.max(1, lastRevision - rng.int(12)) }),
    ...(rng.int(3) > 0 ? { countOnly: true } : { limit: 1 + rng.int(3) }),
  };
}
