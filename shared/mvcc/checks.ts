import { mvccErrors } from './errors.ts';
import { after, endOf, infinity } from './key-range.ts';
import { maxLeaseTtlSeconds } from './lessor.ts';
import type {
  DeleteRangeRequest,
  Key,
  LeaseId,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from './types.ts';

export interface CheckLimits {
  /** etcd's default is 128. */
  readonly maxTxnOps: number;
}

/*
 * What a request is refused for whatever the state of the store, as etcd does before proposing it.
 */

export function checkRange(request: RangeRequest): void {
  checkKey(request.key);
}

export function checkPut(request: PutRequest): void {
  checkKey(request.key);
  if (request.ignoreValue === true && request.value.length > 0) throw mvccErrors.valueProvided();
  if (request.ignoreLease === true && request.lease) throw mvccErrors.leaseProvided();
}

export function checkDeleteRange(request: DeleteRangeRequest): void {
  checkKey(request.key);
}

export function checkTxn(request: TxnRequest, limits: CheckLimits): void {
  checkOps(request, limits.maxTxnOps);
  checkOverlaps(request.success);
  checkOverlaps(request.failure);
}

/** The TTL to propose: at least `minTtlSeconds`. Throws `out-of-range` over etcd's maximum. */
export function checkLeaseGrant(
  request: { readonly id?: LeaseId | undefined; readonly ttlSeconds: number },
  limits: { readonly minTtlSeconds: number },
): number {
  if (request.ttlSeconds > maxLeaseTtlSeconds) throw mvccErrors.leaseTtlTooLarge();
  return Math.max(limits.minTtlSeconds, request.ttlSeconds);
}

/** Whether it can be served as a read, without a log entry: etcd takes no nested txn for one. */
export function isTxnReadOnly(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every((op) => op.type === 'range');
}

/** Whether every operation only asks for this member's own state. */
export function isTxnSerializable(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every(
    (op) => op.type === 'range' && op.range.serializable === true,
  );
}

function checkKey(key: Key): void {
  if (key === '') throw mvccErrors.emptyKey();
}

/** Nested transactions share what their parents leave of the limit. */
function checkOps(request: TxnRequest, maxOps: number): void {
  const { compare, success, failure } = request;
  const ops = Math.max(compare.length, success.length, failure.length);
  if (ops > maxOps) throw mvccErrors.tooManyOps();
  for (const { key } of compare) checkKey(key);
  for (const op of [...success, ...failure]) {
    if (op.type === 'range') checkRange(op.range);
    else if (op.type === 'put') checkPut(op.put);
    else if (op.type === 'deleteRange') checkDeleteRange(op.deleteRange);
    else checkOps(op.txn, maxOps - ops);
  }
}

interface Touched {
  /** Whether what was there before is needed: its value, or its lease. */
  readonly puts: Map<Key, boolean>;
  readonly deletes: Deletion[];
}

interface Deletion {
  readonly low: Key;
  readonly high: Key;
  /** Without an end, `\0`. */
  readonly open: boolean;
}

/**
 * Refuses a branch that puts a key twice or both puts and deletes it, nested branches included; the
 * two branches of one nested transaction may touch the same keys, since only one of them runs.
 *
 * As in etcd a put in a nested transaction is not held against a delete in a later one, nor any put
 * against a delete "from a key on" (`\0`): that works, in the order written. Unlike etcd, which panics
 * there, a put that keeps what such a delete may have taken is refused.
 */
function checkOverlaps(ops: readonly RequestOp[]): Touched {
  const puts = new Map<Key, boolean>();
  const deletes: Deletion[] = [];
  const add = (key: Key, keeps: boolean, alsoFine?: Touched['puts']): void => {
    if (puts.has(key) && alsoFine?.has(key) !== true) throw mvccErrors.duplicateKey();
    for (const { low, high, open } of deletes) {
      if (key >= low && key < high && (keeps || !open)) throw mvccErrors.duplicateKey();
    }
    puts.set(key, keeps || puts.get(key) === true);
  };
  for (const op of ops) {
    if (op.type !== 'deleteRange') continue;
    const { key, rangeEnd } = op.deleteRange;
    const high = endOf(rangeEnd) ?? after(key);
    deletes.push({ low: key, high, open: high === infinity });
  }
  for (const op of ops) {
    if (op.type !== 'txn') continue;
    const success = checkOverlaps(op.txn.success);
    const failure = checkOverlaps(op.txn.failure);
    for (const [key, keeps] of success.puts) add(key, keeps);
    for (const [key, keeps] of failure.puts) add(key, keeps, success.puts);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const op of ops) {
    if (op.type !== 'put') continue;
    const { key, ignoreValue, ignoreLease } = op.put;
    add(key, ignoreValue === true || ignoreLease === true);
  }
  return { puts, deletes };
}
