import fc from 'fast-check';
import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '../types.ts';

/** Random requests over few keys, values and leases, so that they meet. */

export const key = fc.constantFrom('a', 'a\0', 'ab', 'b', 'b\xff', 'c', 'd');
const rangeEnd = fc.option(fc.constantFrom('b', 'c', 'e', '\0', ''), { nil: undefined });
export const keyRange = fc.record({ key, rangeEnd });
const value = fc.constantFrom('', 'x', 'yy').map((text) => new TextEncoder().encode(text));
export const lease = fc.constantFrom(1n, 2n, -3n);
const maybe = fc.boolean();
const smallRevision = fc.integer({ min: 0, max: 30 });

export const put: fc.Arbitrary<PutRequest> = fc
  .record({
    key,
    value,
    lease: fc.option(lease, { nil: 0n, freq: 2 }),
    prevKv: maybe,
    ignoreValue: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    ignoreLease: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  })
  .map((put) => ({
    ...put,
    value: put.ignoreValue ? new Uint8Array(0) : put.value,
    lease: put.ignoreLease ? 0n : put.lease,
  }));

export const deleteRange: fc.Arbitrary<DeleteRangeRequest> = fc.record({
  key,
  rangeEnd,
  prevKv: maybe,
});

export const range: fc.Arbitrary<RangeRequest> = fc.record({
  key,
  rangeEnd,
  limit: fc.integer({ min: 0, max: 4 }),
  revision: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, smallRevision),
  sortOrder: fc.constantFrom('none', 'ascend', 'descend'),
  keysOnly: maybe,
  countOnly: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  minModRevision: fc.option(smallRevision, { nil: 0, freq: 4 }),
  maxModRevision: fc.option(smallRevision, { nil: 0, freq: 4 }),
  minCreateRevision: fc.option(smallRevision, { nil: 0, freq: 4 }),
  maxCreateRevision: fc.option(smallRevision, { nil: 0, freq: 4 }),
});

const result = fc.constantFrom('equal', 'not-equal', 'greater', 'less');

const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    key,
    rangeEnd,
    result,
    target: fc.constantFrom('version', 'create', 'mod'),
    revision: fc.integer({ min: 0, max: 6 }),
  }),
  fc.record({ key, rangeEnd, result, target: fc.constant('value'), value }),
  fc.record({ key, rangeEnd, result, target: fc.constant('lease'), lease }),
);

export const { txn } = fc.letrec<{ txn: TxnRequest; op: RequestOp }>((tie) => ({
  op: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ type: fc.constant('put'), put }),
    fc.record({ type: fc.constant('range'), range }),
    fc.record({ type: fc.constant('deleteRange'), deleteRange }),
    fc.record({ type: fc.constant('txn'), txn: tie('txn') }),
  ),
  txn: fc.record({
    compare: fc.array(compare, { maxLength: 2 }),
    success: fc.array(tie('op'), { maxLength: 4 }),
    failure: fc.array(tie('op'), { maxLength: 3 }),
  }),
}));
