import type { PutRequest, TxnRequest } from '#shared/mvcc';
import type { Operation } from '../wire/command.ts';

/** What a revision costs beside its key and value, as etcd counts it. */
const revisionBytes = 256;
const leaseBytes = 64;

/** Bytes that the command may add, an estimate; 0 for whatever adds nothing, such as a deletion. */
export function spaceCost(operation: Operation): number {
  if (operation.type === 'put') return putCost(operation.put);
  if (operation.type === 'txn') return txnCost(operation.txn);
  return operation.type === 'lease-grant' ? leaseBytes : 0;
}

function putCost({ key, value }: PutRequest): number {
  return revisionBytes + key.length + value.length;
}

/** Of the branch that costs more: which one is taken is known only later. */
function txnCost({ success, failure }: TxnRequest): number {
  return Math.max(branchCost(success), branchCost(failure));
}

function branchCost(ops: TxnRequest['success']): number {
  let bytes = 0;
  for (const op of ops) {
    if (op.type === 'put') bytes += putCost(op.put);
    else if (op.type === 'txn') bytes += txnCost(op.txn);
  }
  return bytes;
}

/**
 * The size of the database as clients are told it. LevelDB compresses, and its files may be smaller than what they
 * hold; but this is what alerts compare with the quota, which counts what is alive.
 */
export const databaseBytes = (liveBytes: number, fileBytes: number): number =>
  Math.max(liveBytes, fileBytes);
